//! KDFa: derives keys from a key (TPM 2.0 Part 1 §11.4.10.2, based on SP 800-108 in counter mode).

use digest::Digest;
use digest::core_api::BlockSizeUser;
use keyfile::HashAlg;
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use crate::hmac::Keyed;

/// Derives `bits` bits from `key`. The label is hashed with a terminating zero byte, which `label` does not contain.
pub fn kdfa(hash: HashAlg, key: &[u8], label: &str, u: &[u8], v: &[u8], bits: u32) -> Zeroizing<Vec<u8>> {
    match hash {
        HashAlg::Sha1 => derive(&Keyed::<Sha1>::new(key), label, u, v, bits),
        HashAlg::Sha256 => derive(&Keyed::<Sha256>::new(key), label, u, v, bits),
        HashAlg::Sha384 => derive(&Keyed::<Sha384>::new(key), label, u, v, bits),
        HashAlg::Sha512 => derive(&Keyed::<Sha512>::new(key), label, u, v, bits),
    }
}

fn derive<D>(prf: &Keyed<D>, label: &str, u: &[u8], v: &[u8], bits: u32) -> Zeroizing<Vec<u8>>
where
    D: Digest + BlockSizeUser + Clone,
{
    fill(bits, |counter| {
        prf.mac(&[&counter.to_be_bytes(), label.as_bytes(), &[0], u, v, &bits.to_be_bytes()])
    })
}

/// Concatenates blocks 1, 2, … and truncates them to `bits` bits. If the last byte is incomplete, the high bits of the *first* byte
/// are cleared, as for a big-endian number.
pub(super) fn fill(bits: u32, block: impl Fn(u32) -> Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    let size = usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX);
    // The capacity is one block more than needed, so that the buffer is never reallocated and leaves no copy of a key.
    let mut bytes = Zeroizing::new(Vec::with_capacity(size.saturating_add(64)));
    let mut counter = 1;
    while bytes.len() < size {
        bytes.extend_from_slice(&block(counter));
        counter += 1;
    }
    bytes.truncate(size);
    if let (Some(first), 1..) = (bytes.first_mut(), bits % 8) {
        *first &= (1 << (bits % 8)) - 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::kdfa;
    use crate::vectors::of;

    #[test]
    fn kdfa_matches_the_vectors() {
        for v in of("kdfa") {
            let (u, w) = (v.bytes("u"), v.bytes("v"));
            let out = kdfa(v.hash(), &v.bytes("key"), v.text("label"), &u, &w, v.number("bits"));
            assert_eq!(*out, v.bytes("out"), "{v}");
        }
    }
}
