//! The hash functions of PSS, OAEP and MGF1. The caller passes them in, so that it can use any implementation.
use std::marker::PhantomData;

use zeroize::Zeroizing;

use crate::{Error, error::Failure};

/// A hash function.
///
/// The decrypting paddings pass secrets to it. An implementation must be constant-time in the contents of its input, as those of OpenSSL
/// and RustCrypto are.
pub trait Hasher {
    /// Returns the size of the digest in bytes (hLen of RFC 8017).
    fn size(&self) -> usize;

    /// Hashes the concatenated `parts` into `out`, which is [`size`](Self::size) bytes long.
    ///
    /// # Errors
    /// Any error of the implementation.
    fn hash(&self, parts: &[&[u8]], out: &mut [u8]) -> Result<(), Failure>;
}

/// Returns the hash of the `parts`, in memory that is wiped on drop.
pub(crate) fn digest(hasher: &dyn Hasher, parts: &[&[u8]]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut out = Zeroizing::new(vec![0; hasher.size()]);
    hasher.hash(parts, &mut out).map_err(Error::Hash)?;
    Ok(out)
}

/// A [`Hasher`] from any digest of the RustCrypto crates: `RustCrypto::<sha2::Sha256>::new()`.
pub struct RustCrypto<D>(PhantomData<fn() -> D>);

impl<D> RustCrypto<D> {
    /// Returns the hash function.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<D> Default for RustCrypto<D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<D: ::digest::Digest> Hasher for RustCrypto<D> {
    fn size(&self) -> usize {
        <D as ::digest::Digest>::output_size()
    }

    fn hash(&self, parts: &[&[u8]], out: &mut [u8]) -> Result<(), Failure> {
        let mut state = D::new();
        for part in parts {
            state.update(part);
        }
        if out.len() != self.size() {
            return Err("the output buffer does not have the size of the digest".into());
        }
        out.copy_from_slice(&state.finalize());
        Ok(())
    }
}
