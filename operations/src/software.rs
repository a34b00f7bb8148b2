//! The public half of a key by the RustCrypto crates, for callers without a cryptographic library.

mod ec;
mod rsa;
#[cfg(test)]
mod tests;

use keyfile::{Public, PublicKey};
use missing::error::Failure;

use crate::PublicHalf;
#[cfg(any(test, feature = "fake"))]
pub(crate) use ec::prehash;

/// The public half of a key.
#[derive(Clone, Copy)]
pub struct Software<'a>(&'a Public);

impl<'a> Software<'a> {
    /// Creates the public half from the public area.
    #[must_use]
    pub const fn new(public: &'a Public) -> Self {
        Self(public)
    }
}

impl PublicHalf for Software<'_> {
    fn rsa(&self, block: &[u8]) -> Result<Vec<u8>, Failure> {
        match &self.0.key {
            PublicKey::Rsa { modulus, exponent, .. } => rsa::operate(modulus, *exponent, block),
            _ => Err("the key is not an RSA key".into()),
        }
    }

    fn verifies_ecdsa(&self, digest: &[u8], r: &[u8], s: &[u8]) -> Result<bool, Failure> {
        match &self.0.key {
            PublicKey::Ecc { curve, x, y, .. } => ec::verifies(*curve, (x, y), digest, (r, s)),
            _ => Err("the key is not an EC key".into()),
        }
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), Failure> {
        Ok(crypto::random::fill(buffer)?)
    }
}
