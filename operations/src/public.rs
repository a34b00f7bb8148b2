//! The public half of a key, in software of the caller.

use keyfile::{Public, PublicKey};
use missing::error::Failure;

use crate::{Error, Kind, Result};

/// The operations of software that a private operation needs. The key is the one whose private half is in the TPM.
pub trait PublicHalf {
    /// Runs the public RSA operation on a block that is as long as the modulus and below it: m^e mod n, as long as the modulus.
    ///
    /// # Errors
    /// The operation fails.
    fn rsa(&self, block: &[u8]) -> std::result::Result<Vec<u8>, Failure>;

    /// Returns true if r and s, each as long as the order of the curve, are an ECDSA signature of a digest of any length.
    ///
    /// # Errors
    /// The operation fails. A signature that is not valid is no error.
    fn verifies_ecdsa(&self, digest: &[u8], r: &[u8], s: &[u8]) -> std::result::Result<bool, Failure>;

    /// Fills the buffer with random bytes.
    ///
    /// # Errors
    /// The generator fails.
    fn random(&self, buffer: &mut [u8]) -> std::result::Result<(), Failure>;
}

/// Returns the block that the public operation gives for a result of the TPM. Returns `None` if the result is not a number below the
/// modulus, as long as that.
pub(crate) fn opened(half: &dyn PublicHalf, public: &Public, result: &[u8]) -> Result<Option<Vec<u8>>> {
    let PublicKey::Rsa { modulus, .. } = &public.key else { return Ok(None) };
    if result.len() != modulus.len() || result >= modulus.as_slice() {
        return Ok(None);
    }
    half.rsa(result).map(Some).map_err(unverified)
}

/// Returns true if the public operation on a result of the TPM gives this block.
pub(crate) fn opens_to(half: &dyn PublicHalf, public: &Public, result: &[u8], block: &[u8]) -> Result<bool> {
    Ok(opened(half, public, result)?.is_some_and(|opened| opened == block))
}

/// The error of a result that cannot be verified.
pub(crate) fn unverified(failure: Failure) -> Error {
    Error::new(Kind::Integrity, "the result of the TPM cannot be verified and was discarded").because(failure)
}
