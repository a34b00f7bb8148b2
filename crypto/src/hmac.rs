//! Session HMACs, which bind a command and its answer to the session's secrets (TPM 2.0 Part 1 §18.7, §19.6).

use ::hmac::SimpleHmac;
use digest::core_api::BlockSizeUser;
use digest::{Digest, FixedOutput, KeyInit, Update};
use keyfile::HashAlg;
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::kdfa::kdfa;

/// The nonces of one direction, in the order in which they are hashed.
#[derive(Clone, Copy)]
pub struct Nonces<'a> {
    pub(super) newer: &'a [u8],
    pub(super) older: &'a [u8],
}

impl<'a> Nonces<'a> {
    /// Returns the nonces of a command: the caller has just renewed its nonce.
    pub fn of_command(caller: &'a [u8], tpm: &'a [u8]) -> Self {
        Self { newer: caller, older: tpm }
    }

    /// Returns the nonces of a response: the TPM has just renewed its nonce.
    pub fn of_response(caller: &'a [u8], tpm: &'a [u8]) -> Self {
        Self { newer: tpm, older: caller }
    }
}

/// Returns the HMAC of the concatenated parts (RFC 2104).
pub fn hmac(hash: HashAlg, key: &[u8], parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    match hash {
        HashAlg::Sha1 => Keyed::<Sha1>::new(key).mac(parts),
        HashAlg::Sha256 => Keyed::<Sha256>::new(key).mac(parts),
        HashAlg::Sha384 => Keyed::<Sha384>::new(key).mac(parts),
        HashAlg::Sha512 => Keyed::<Sha512>::new(key).mac(parts),
    }
}

/// Returns cpHash: the digest of the command code, the Names of its handles, and its parameters as sent (Part 1 §16.7).
pub fn cp_hash(hash: HashAlg, command: u32, names: &[&[u8]], parameters: &[u8]) -> Vec<u8> {
    let command = command.to_be_bytes();
    let mut parts: Vec<&[u8]> = vec![&command];
    parts.extend_from_slice(names);
    parts.push(parameters);
    hash.digest(&parts)
}

/// Returns rpHash: the digest of the response code, the command code, and the parameters as received (Part 1 §16.8). It does not
/// cover handles.
pub fn rp_hash(hash: HashAlg, response: u32, command: u32, parameters: &[u8]) -> Vec<u8> {
    hash.digest(&[&response.to_be_bytes(), &command.to_be_bytes(), parameters])
}

/// Returns the session key of a salted or bound session (Part 1 §19.6.8). `bound` is the authValue of the object that it is bound to.
///
/// A session that is neither salted nor bound has an empty session key: do not call this for one.
pub fn session_key(hash: HashAlg, bound: &[u8], salt: &[u8], nonces: Nonces<'_>) -> Zeroizing<Vec<u8>> {
    let secret = Zeroizing::new([bound, salt].concat());
    kdfa(hash, &secret, "ATH", nonces.newer, nonces.older, bytes_to_bits(hash.size()))
}

/// Returns the HMAC of an authorization (Part 1 §19.6.5). `key` is session key ‖ authValue. `others` are the nonceTPM of separate
/// decrypt and encrypt sessions, which the HMAC of a command's first session covers in this order; it is empty otherwise.
pub fn authorization(
    hash: HashAlg,
    key: &[u8],
    parameters_hash: &[u8],
    nonces: Nonces<'_>,
    others: &[&[u8]],
    attributes: u8,
) -> Zeroizing<Vec<u8>> {
    let attributes = [attributes];
    let mut parts: Vec<&[u8]> = vec![parameters_hash, nonces.newer, nonces.older];
    parts.extend_from_slice(others);
    parts.push(&attributes);
    hmac(hash, key, &parts)
}

/// Returns true if two HMACs are equal, in a time that does not depend on their difference.
#[must_use]
pub fn same(computed: &[u8], received: &[u8]) -> bool {
    computed.ct_eq(received).into()
}

pub(super) fn bytes_to_bits(bytes: usize) -> u32 {
    u32::try_from(bytes.saturating_mul(8)).unwrap_or(u32::MAX)
}

/// A hash function keyed once and used for several messages.
pub(super) struct Keyed<D: Digest + BlockSizeUser>(SimpleHmac<D>);

impl<D: Digest + BlockSizeUser + Clone> Keyed<D> {
    pub(super) fn new(key: &[u8]) -> Self {
        // RFC 2104 §2: a key longer than a block is hashed, a shorter one is padded with zeros. It is done here because the
        // constructor cannot fail with a key of one block.
        let mut block = digest::Key::<SimpleHmac<D>>::default();
        let mut hashed = digest::Output::<D>::default();
        let key = if key.len() > block.len() {
            hashed = D::digest(key);
            hashed.as_slice()
        } else {
            key
        };
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        let keyed = Self(SimpleHmac::new(&block));
        block.as_mut_slice().zeroize();
        hashed.as_mut_slice().zeroize();
        keyed
    }

    pub(super) fn mac(&self, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        let mut state = self.0.clone();
        for part in parts {
            Update::update(&mut state, part);
        }
        let mut output = state.finalize_fixed();
        let mac = Zeroizing::new(output.to_vec());
        output.as_mut_slice().zeroize();
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::of;

    #[test]
    fn hmac_matches_the_vectors() {
        for v in of("hmac") {
            assert_eq!(*hmac(v.hash(), &v.bytes("key"), &[&v.bytes("data")]), v.bytes("out"), "{v}");
        }
    }

    #[test]
    fn session_hmacs_match_the_vectors() {
        for v in of("session") {
            let (hash, caller, tpm) = (v.hash(), v.bytes("caller"), v.bytes("tpm"));
            let (first, second) = (v.bytes("caller1"), v.bytes("tpm1"));
            let mut key =
                session_key(hash, &v.bytes("bound"), &v.bytes("salt"), Nonces::of_response(&caller, &tpm));
            assert_eq!(*key, v.bytes("session_key"), "{v}");
            key.extend_from_slice(&v.bytes("auth"));
            let cp = cp_hash(hash, v.number("cc"), &[&v.bytes("name1"), &v.bytes("name2")], &v.bytes("cp"));
            assert_eq!(cp, v.bytes("cp_hash"), "{v}");
            let others: &[&[u8]] = &[&v.bytes("decrypt"), &v.bytes("encrypt")];
            let command = authorization(hash, &key, &cp, Nonces::of_command(&first, &tpm), others, 0x61);
            assert_eq!(*command, v.bytes("command_hmac"), "{v}");
            let rp = rp_hash(hash, 0, v.number("cc"), &v.bytes("rp"));
            assert_eq!(rp, v.bytes("rp_hash"), "{v}");
            let answer = authorization(hash, &key, &rp, Nonces::of_response(&first, &second), &[], 0x61);
            assert_eq!(*answer, v.bytes("response_hmac"), "{v}");
        }
    }

    #[test]
    fn a_changed_or_truncated_hmac_is_refused() {
        let good = hmac(HashAlg::Sha256, b"key", &[b"data"]);
        assert!(same(&good, &good.clone()));
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(!same(&good, &bad));
        }
        assert!(!same(&good, &good[..31]));
        assert!(!same(&good, b""));
    }
}
