//! The private operations of a key that lives in a TPM, as the operations of this crate ask for them.

use keyfile::{AlgId, HashAlg, Point, Public, Scheme, Signature};
use tpm::RawRsa;
use zeroize::Zeroizing;

use crate::error::{Error, Reason, Result};
use crate::key::{Key, Material};

/// What a TPM does with the private half of a key.
pub(crate) trait Private: Send + Sync {
    /// The public area.
    fn public(&self) -> &Public;

    /// TPM2_RSA_Decrypt with scheme NULL: the bare private operation, on a padded block as long as the modulus. The
    /// result is a signature, and public.
    ///
    /// # Errors
    /// What the TPM reports.
    fn rsa_sign(&self, block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>>;

    /// The same command on a ciphertext: the result is secret, and as long as the modulus.
    ///
    /// # Errors
    /// What the TPM reports.
    fn rsa_decrypt(&self, block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>>;

    /// The same command on a ciphertext by a scheme, NULL for that of the key: the TPM removes the padding.
    ///
    /// # Errors
    /// What the TPM reports; `None` is a wrong padding.
    fn rsa_decrypt_by_scheme(
        &self,
        block: &[u8],
        scheme: Scheme,
        label: &[u8],
    ) -> Result<Option<Answer<Zeroizing<Vec<u8>>>>>;

    /// What is known of the bare private operation on this TPM: `rsa_sign` and `rsa_decrypt`.
    fn raw_rsa(&self) -> Option<RawRsa>;

    /// TPM2_Sign over a digest as long as the hash that it is labelled with.
    ///
    /// # Errors
    /// What the TPM reports; `TpmUnsupported` when it does not know the hash or the scheme.
    fn sign(&self, digest: &[u8], hash: HashAlg, scheme: AlgId) -> Result<Answer<Signature>>;

    /// TPM2_Sign over a message that the TPM hashes itself, the only thing that a restricted signing key does.
    ///
    /// # Errors
    /// What the TPM reports; `TpmUnsupported` when it does not know the hash or the scheme.
    fn sign_message(&self, message: &[u8], hash: HashAlg, scheme: AlgId) -> Result<Answer<Signature>>;

    /// TPM2_ECDH_ZGen.
    ///
    /// # Errors
    /// What the TPM reports.
    fn ecdh_zgen(&self, peer: &Point) -> Result<Answer<Point>>;
}

/// A result, and whether a session protected it.
pub(crate) struct Answer<T> {
    /// The result.
    pub(crate) value: T,
    /// `false`: verify it before anybody gets it.
    pub(crate) authenticated: bool,
}

/// How long the salt is that a TPM pads PSS with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TpmSalt {
    /// As long as the digest.
    Digest,
    /// As long as modulus and digest leave room for.
    Max,
}

impl TpmSalt {
    /// As OpenSSL's users say it (`rsa_pss_saltlen`).
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Digest => "digest",
            Self::Max => "max",
        }
    }
}

impl Private for tpm::Key {
    fn public(&self) -> &Public {
        self.public()
    }

    fn rsa_sign(&self, block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>> {
        Ok(self.rsa_sign(block)?.into())
    }

    fn rsa_decrypt(&self, block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>> {
        Ok(self.rsa_decrypt(block)?.into())
    }

    fn rsa_decrypt_by_scheme(
        &self,
        block: &[u8],
        scheme: Scheme,
        label: &[u8],
    ) -> Result<Option<Answer<Zeroizing<Vec<u8>>>>> {
        Ok(self.rsa_decrypt_by_scheme(block, scheme, label)?.map(Answer::from))
    }

    fn raw_rsa(&self) -> Option<RawRsa> {
        self.raw_rsa()
    }

    fn sign(&self, digest: &[u8], hash: HashAlg, scheme: AlgId) -> Result<Answer<Signature>> {
        Ok(self.sign(digest, hash, scheme)?.into())
    }

    fn sign_message(&self, message: &[u8], hash: HashAlg, scheme: AlgId) -> Result<Answer<Signature>> {
        Ok(self.sign_message(message, hash, scheme)?.into())
    }

    fn ecdh_zgen(&self, peer: &Point) -> Result<Answer<Point>> {
        Ok(self.ecdh_zgen(&peer.x, &peer.y)?.into())
    }
}

impl<T> From<tpm::Answer<T>> for Answer<T> {
    fn from(answer: tpm::Answer<T>) -> Self {
        Self { value: answer.value, authenticated: answer.authenticated }
    }
}

impl Key {
    /// Whether everything is done in software.
    pub(crate) fn is_software(&self) -> bool {
        matches!(self.material(), Some(Material::Software(_)))
    }

    /// The private half in the TPM.
    ///
    /// # Errors
    /// `NoKey`: the key has only a public half. `Configuration`: a setting is unknown.
    pub(crate) fn private(&self) -> Result<&dyn Private> {
        match self.material() {
            Some(Material::Tpm(key)) => key.private(self.provider()),
            _ => Err(no_private_half()),
        }
    }
}

/// There is no private half, or not in a TPM.
pub(crate) fn no_private_half() -> Error {
    Error::new(Reason::NoKey, "the key has no private half in a TPM")
}
