//! PKCS#1 v1.5 for signatures: a block of type 1 with a `DigestInfo` or the caller's own bytes.
//!
//! Blocks of type 1 are not secret: anyone with the public key can recover the block from the signature. The secret blocks, of type 2, are
//! in the modules below.
pub mod encryption;
pub mod rejection;
pub mod tls;

use crate::{Digest, Error, digest_info};

/// The minimum size of the padding: 00 01, eight bytes of FF, 00 (RFC 8017 §9.2, step 3).
pub const OVERHEAD: usize = 11;

/// Encodes with EMSA-PKCS1-v1_5 (RFC 8017 §9.2): returns the block of a signature over a `digest` made with `algorithm`, for a modulus of
/// `size` bytes.
///
/// # Errors
/// [`Error::DigestLength`] if the digest does not have the length of its algorithm, [`Error::ModulusTooSmall`] if the key is too small for
/// the algorithm.
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

/// Returns a block of type 1 (RFC 8017 §9.2, steps 3 to 5) over `bytes` without `DigestInfo`, as `openssl pkeyutl -sign` makes it without a
/// digest. `bytes` may be empty.
///
/// # Errors
/// [`Error::TooLong`] if there are more than `size` − [`OVERHEAD`] bytes.
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
