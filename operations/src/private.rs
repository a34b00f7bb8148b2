//! The private half of a key, in the TPM.

use keyfile::{AlgId, HashAlg, Point, Public, Scheme, Signature};
use tpm::{Answer, RawRsa};
use zeroize::Zeroizing;

use crate::Result;

/// The operations of a TPM with the private half of a key. A result that is not authenticated is verified before it is used.
pub trait Private: Send + Sync {
    /// Returns the public area.
    fn public(&self) -> &Public;

    /// Runs TPM2_RSA_Decrypt with scheme NULL on a padded block as long as the modulus: the bare private operation. The result is a
    /// signature and is public.
    ///
    /// # Errors
    /// What the TPM reports.
    fn rsa_sign(&self, block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>>;

    /// Runs the same command on a ciphertext. The result is secret and as long as the modulus.
    ///
    /// # Errors
    /// What the TPM reports.
    fn rsa_decrypt(&self, block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>>;

    /// Runs the same command on a ciphertext with a scheme; NULL stands for the scheme of the key. The TPM removes the padding. Returns
    /// `None` if the padding is wrong.
    ///
    /// # Errors
    /// What the TPM reports.
    fn rsa_decrypt_by_scheme(
        &self,
        block: &[u8],
        scheme: Scheme,
        label: &[u8],
    ) -> Result<Option<Answer<Zeroizing<Vec<u8>>>>>;

    /// Returns what is known about the bare private operation (`rsa_sign` and `rsa_decrypt`) on this TPM.
    fn raw_rsa(&self) -> Option<RawRsa>;

    /// Runs TPM2_Sign on a digest that is as long as the digests of `hash`.
    ///
    /// # Errors
    /// What the TPM reports; [`tpm::ErrorKind::Unsupported`] when it does not know the hash or the scheme.
    fn sign(&self, digest: &[u8], hash: HashAlg, scheme: AlgId) -> Result<Answer<Signature>>;

    /// Runs TPM2_Sign on a message that the TPM hashes itself. A restricted signing key does nothing else.
    ///
    /// # Errors
    /// As [`Private::sign`].
    fn sign_message(&self, message: &[u8], hash: HashAlg, scheme: AlgId) -> Result<Answer<Signature>>;

    /// Runs TPM2_ECDH_ZGen on the peer's point. Returns the x coordinate of the shared point, which is secret.
    ///
    /// # Errors
    /// What the TPM reports.
    fn ecdh_zgen(&self, x: &[u8], y: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>>;
}

impl Private for tpm::Key {
    fn public(&self) -> &Public {
        self.public()
    }

    fn rsa_sign(&self, block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>> {
        Ok(self.rsa_sign(block)?)
    }

    fn rsa_decrypt(&self, block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>> {
        Ok(self.rsa_decrypt(block)?)
    }

    fn rsa_decrypt_by_scheme(
        &self,
        block: &[u8],
        scheme: Scheme,
        label: &[u8],
    ) -> Result<Option<Answer<Zeroizing<Vec<u8>>>>> {
        Ok(self.rsa_decrypt_by_scheme(block, scheme, label)?)
    }

    fn raw_rsa(&self) -> Option<RawRsa> {
        self.raw_rsa()
    }

    fn sign(&self, digest: &[u8], hash: HashAlg, scheme: AlgId) -> Result<Answer<Signature>> {
        Ok(self.sign(digest, hash, scheme)?)
    }

    fn sign_message(&self, message: &[u8], hash: HashAlg, scheme: AlgId) -> Result<Answer<Signature>> {
        Ok(self.sign_message(message, hash, scheme)?)
    }

    fn ecdh_zgen(&self, x: &[u8], y: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>> {
        let Answer { value: Point { x, y }, authenticated } = self.ecdh_zgen(x, y)?;
        // Each coordinate reveals the other.
        drop(Zeroizing::new(y));
        Ok(Answer { value: Zeroizing::new(x), authenticated })
    }
}
