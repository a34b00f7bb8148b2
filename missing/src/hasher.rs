//! The hash functions that PSS, OAEP and MGF1 run on: handed in, so that callers may use any that they have.
use std::marker::PhantomData;

use zeroize::Zeroizing;

use crate::{Error, error::Failure};

/// A hash function.
///
/// The paddings that decrypt feed it secrets; an implementation has to be constant-time in the contents of its
/// input, as those of OpenSSL and RustCrypto are.
pub trait Hasher {
    /// How many bytes it makes (hLen of RFC 8017).
    fn size(&self) -> usize;

    /// Hashes the `parts`, one after the other, into `out`, which is [`size`](Self::size) bytes long.
    ///
    /// # Errors
    /// Whatever the implementation can fail with.
    fn hash(&self, parts: &[&[u8]], out: &mut [u8]) -> Result<(), Failure>;
}

/// The hash of the `parts`, in memory that is wiped.
pub(crate) fn digest(hasher: &dyn Hasher, parts: &[&[u8]]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut out = Zeroizing::new(vec![0; hasher.size()]);
    hasher.hash(parts, &mut out).map_err(Error::Hash)?;
    Ok(out)
}

/// A [`Hasher`] from any digest of the RustCrypto crates: `RustCrypto::<sha2::Sha256>::new()`.
pub struct RustCrypto<D>(PhantomData<fn() -> D>);

impl<D> RustCrypto<D> {
    /// That hash function.
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
            return Err("the place for the digest is not as long as the digest".into());
        }
        out.copy_from_slice(&state.finalize());
        Ok(())
    }
}
