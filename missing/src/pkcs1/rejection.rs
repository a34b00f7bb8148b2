//! PKCS#1 v1.5 decryption with implicit rejection: a block with wrong padding also gives a message, one that an attacker cannot predict.
//!
//! Follows draft-irtf-cfrg-rsa-guidance ("Implementation Guidance for the PKCS #1 RSA Cryptography Specification"), byte for byte as
//! OpenSSL 3.2 and later do. The same ciphertext always gives the same message, so that asking twice, or asking two processes, reveals
//! nothing.
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::{ConditionallySelectable as _, ConstantTimeLess as _};
use zeroize::Zeroizing;

use super::encryption;
use crate::{Error, Message, RustCrypto, ct, mgf1};

/// How many lengths are drawn to find one that is short enough. The probability that there is none is below 2⁻¹²⁸.
const CANDIDATES: usize = 128;

/// Separates the private operation on [`probe`] from all others.
const LABEL: &[u8] = b"PKCS#1 v1.5 implicit rejection";

/// The secret from which a key's synthetic messages are derived. It is as secret as the key, and the same in each process.
pub struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    /// Returns the SHA-256 of bytes that only the holder of the private key can know.
    ///
    /// OpenSSL uses the private exponent, with as many bytes as the modulus. If it is not available, use the result of the private
    /// operation on [`probe`], or the signature of [`SIGNED_DIGEST`].
    #[must_use]
    pub fn new(private: &[u8]) -> Self {
        let mut secret = Zeroizing::new([0; 32]);
        secret.copy_from_slice(&Sha256::digest(private));
        Self(secret)
    }
}

/// Returns a block for the private operation whose result only the key's holder can know: a zero byte, so that the value is below the
/// modulus, then a full-domain hash (MGF1 with SHA-256) of a label and the `modulus`.
///
/// # Errors
/// Never [`Error::Hash`], because SHA-256 does not fail.
pub fn probe(modulus: &[u8]) -> Result<Vec<u8>, Error> {
    let mut block = vec![0; modulus.len()];
    if let Some((_, hash)) = block.split_first_mut() {
        mgf1::mask(hash, &[LABEL, modulus].concat(), &RustCrypto::<Sha256>::new())?;
    }
    Ok(block)
}

/// A digest to sign with a key that can only sign: RSASSA-PKCS1-v1_5 with SHA-256 is deterministic, so only the key's holder can know the
/// signature. The digest is the label and zeros. It is not the SHA-256 of any known message, so a service that hashes the messages it signs
/// never reveals the signature. A service that signs digests from others must reject this one.
pub const SIGNED_DIGEST: [u8; 32] = *b"PKCS#1 v1.5 implicit rejection\0\0";

/// Decodes the `block` that the private key made from `ciphertext` with RSAES-PKCS1-v1_5 (RFC 8017 §7.2.2, step 3). Returns the message, or
/// a synthetic one if the block is not of type 2.
///
/// Constant-time: no branch and no address depends on the contents of the block, and both messages are made and moved for every block. The
/// length of the result is visible, like that of any message.
///
/// # Errors
/// [`Error::BlockLength`] if the ciphertext is longer than the block, [`Error::ModulusTooSmall`] and [`Error::ModulusTooLarge`] if the
/// block cannot be an RSA block. None depends on the contents of the block.
pub fn decode(block: &[u8], ciphertext: &[u8], secret: &Secret) -> Result<Message, Error> {
    let (good, start) = encryption::scan(block)?;
    let key = derivation_key(block.len(), ciphertext, secret)?;
    let mut message = Message::new(block);
    expand(&*key, b"message", message.buffer())?;
    let mut begin = ct::length(block).wrapping_sub(synthetic_length(&*key, block)?);

    ct::assign(message.buffer(), block, good);
    begin.conditional_assign(&start, good);
    Ok(message.starting_at(begin))
}

/// Returns KDK: the HMAC of the ciphertext, padded to the length of the modulus, with the key's secret.
fn derivation_key(size: usize, ciphertext: &[u8], secret: &Secret) -> Result<Zeroizing<[u8; 32]>, Error> {
    let zeros = size
        .checked_sub(ciphertext.len())
        .ok_or(Error::BlockLength { expected: size, found: ciphertext.len() })?;
    let mut hmac = hmac(&*secret.0)?;
    hmac.update(&vec![0; zeros]);
    hmac.update(ciphertext);
    Ok(Zeroizing::new(hmac.finalize().into_bytes().into()))
}

/// Returns the last of the drawn lengths that leaves room for the minimum padding.
fn synthetic_length(key: &[u8], block: &[u8]) -> Result<u32, Error> {
    let limit = ct::length(block).saturating_sub(10);
    let mask = u32::MAX.checked_shr(limit.leading_zeros()).unwrap_or(0);
    let mut drawn = Zeroizing::new([0; 2 * CANDIDATES]);
    expand(key, b"length", &mut *drawn)?;
    let mut length = 0;
    for candidate in drawn.chunks_exact(2) {
        let candidate = candidate.iter().fold(0, |number, &byte| number << 8 | u32::from(byte)) & mask;
        length.conditional_assign(&candidate, candidate.ct_lt(&limit));
    }
    Ok(length)
}

/// Fills `out` with IRPRF of the key and the label.
fn expand(key: &[u8], label: &[u8], out: &mut [u8]) -> Result<(), Error> {
    let bits = out.len().saturating_mul(8);
    let bits =
        u16::try_from(bits).map_err(|_| Error::ModulusTooLarge { max: u16::MAX.into(), found: bits })?;
    let keyed = hmac(key)?;
    for (counter, part) in (0_u16..).zip(out.chunks_mut(32)) {
        let mut hmac = keyed.clone();
        hmac.update(&counter.to_be_bytes());
        hmac.update(label);
        hmac.update(&bits.to_be_bytes());
        for (byte, made) in part.iter_mut().zip(hmac.finalize().into_bytes()) {
            *byte = made;
        }
    }
    Ok(())
}

fn hmac(key: &[u8]) -> Result<Hmac<Sha256>, Error> {
    Hmac::new_from_slice(key).map_err(|error| Error::Hash(error.into()))
}
