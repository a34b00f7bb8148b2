//! MGF1, the mask generation function of PSS and OAEP (RFC 8017 §B.2.1).
use crate::{Error, Hasher, hasher};

/// XORs the mask that is generated from `seed` into `target`.
///
/// Constant-time in the contents of `seed` and `target` if the hash function is; their lengths are public.
///
/// # Errors
/// [`Error::Hash`] if the hash function fails.
pub fn mask(target: &mut [u8], seed: &[u8], hash: &dyn Hasher) -> Result<(), Error> {
    // A hash of size zero would make no progress.
    let size = hash.size().max(1);
    for (counter, part) in (0_u32..).zip(target.chunks_mut(size)) {
        let mask = hasher::digest(hash, &[seed, &counter.to_be_bytes()])?;
        for (byte, mask) in part.iter_mut().zip(mask.iter()) {
            *byte ^= mask;
        }
    }
    Ok(())
}
