//! PKCS#1 v1.5 for signatures: a block of type 1 over a `DigestInfo` or the caller's own bytes.
//!
//! Nothing in these is secret: whoever has the public key can recover the block from the signature. What is secret,
//! the blocks of type 2, is in the modules below.
pub mod encryption;
pub mod rejection;
pub mod tls;

use crate::{Digest, Error, digest_info};

/// What the padding takes at least: 00 01, eight bytes of FF, 00 (RFC 8017 §9.2, step 3).
pub const OVERHEAD: usize = 11;

/// EMSA-PKCS1-v1_5 (RFC 8017 §9.2): the block of a signature over a `digest` that `algorithm` made, for a modulus
/// of `size` bytes.
///
/// # Errors
/// [`Error::DigestLength`] if the digest is not as long as its algorithm makes it, [`Error::ModulusTooSmall`] if key
/// and algorithm do not go together.
pub fn encode_signature(algorithm: Digest, digest: &[u8], size: usize) -> Result<Vec<u8>, Error> {
    if digest.len() != algorithm.size() {
        return Err(Error::DigestLength { expected: algorithm.size(), found: digest.len() });
    }
    let info = [digest_info::prefix(algorithm), digest].concat();
    encode_raw(&info, size).map_err(|_| Error::ModulusTooSmall {
        needed: info.len().saturating_add(OVERHEAD).saturating_mul(8),
        found: size.saturating_mul(8),
    })
}

/// A block of type 1 (RFC 8017 §9.2, steps 3 to 5) over `bytes` as they are: what `openssl pkeyutl -sign` makes
/// without a digest. No bytes at all are fine.
///
/// # Errors
/// [`Error::TooLong`] if they are more than `size` less [`OVERHEAD`].
pub fn encode_raw(bytes: &[u8], size: usize) -> Result<Vec<u8>, Error> {
    let too_long = || Error::TooLong { max: size.saturating_sub(OVERHEAD), found: bytes.len() };
    let padding = size.checked_sub(bytes.len()).ok_or_else(too_long)?;
    if padding < OVERHEAD {
        return Err(too_long());
    }
    let mut block = Vec::with_capacity(size);
    block.extend([0, 1]);
    block.resize(padding.saturating_sub(1), 0xff);
    block.push(0);
    block.extend(bytes);
    Ok(block)
}
