//! The operations with the private key: sign, decrypt, derive a shared secret, unseal.

use keyfile::{AlgId, HashAlg, Point, PublicKey, Scheme, Signature, Ticket};
use zeroize::Zeroizing;

use super::{Answer, Key, block};
use crate::command::{asymmetric, hash, object, signature};
use crate::error::{Error, ErrorKind};
use crate::tpm::raw_rsa::{RawRsa, bare_operation};

/// The purpose of a raw RSA operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The result is public.
    Signature,
    /// The result is secret.
    Decryption,
}

impl Key {
    /// Signs a digest of the length of `hash` (TPM2_Sign). `scheme` is NULL for the key's own scheme.
    ///
    /// # Errors
    /// The TPM refuses, for instance the password, the scheme or the policy.
    pub fn sign(&self, digest: &[u8], hash: HashAlg, scheme: AlgId) -> Result<Answer<Signature>, Error> {
        self.sign_with(digest, &Ticket::null(Ticket::HASHCHECK), hash, scheme)
    }

    /// Signs a message that the TPM hashes itself. Restricted signing keys sign nothing else (Part 3 §20.2).
    ///
    /// # Errors
    /// As [`Key::sign`]; and a message that begins like a structure of the TPM (TPM_GENERATED_VALUE) is refused.
    pub fn sign_message(
        &self,
        message: &[u8],
        hash: HashAlg,
        scheme: AlgId,
    ) -> Result<Answer<Signature>, Error> {
        self.0.check_usable()?;
        let (digest, ticket) = self.0.tpm.operate(|connection| hash::hash(connection, message, hash))?;
        self.sign_with(&digest, &ticket, hash, scheme)
    }

    fn sign_with(
        &self,
        digest: &[u8],
        ticket: &Ticket,
        hash: HashAlg,
        scheme: AlgId,
    ) -> Result<Answer<Signature>, Error> {
        self.operate(Purpose::Signature, |connection, key, protect| {
            let signature = signature::sign(connection, key, (digest, ticket), scheme, hash, protect)?;
            self.with_zeros(signature)
        })
    }

    /// Returns an RSA signature padded to the length of the modulus (RFC 8017 §8.1.1): some TPMs remove leading zeros.
    fn with_zeros(&self, signature: Signature) -> Result<Signature, Error> {
        match (signature, &self.0.public.key) {
            (Signature::Rsa { scheme, hash, bytes }, PublicKey::Rsa { modulus, .. }) => {
                let mut bytes = block::left_padded(Zeroizing::new(bytes), modulus.len())?;
                Ok(Signature::Rsa { scheme, hash, bytes: std::mem::take(&mut bytes) })
            }
            (signature, _) => Ok(signature),
        }
    }

    /// Runs the raw private operation for a signature (TPM2_RSA_Decrypt without scheme). The block is padded to the length of the
    /// modulus.
    ///
    /// # Errors
    /// The block has the wrong size or is not below the modulus, or the TPM refuses.
    pub fn rsa_sign(&self, block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>, Error> {
        self.rsa(block, Purpose::Signature)
    }

    /// Runs the raw private operation for a decryption. The answer is secret and always protected.
    ///
    /// # Errors
    /// As [`Key::rsa_sign`].
    pub fn rsa_decrypt(&self, block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>, Error> {
        self.rsa(block, Purpose::Decryption)
    }

    /// Returns what is known of the raw private operation on this TPM. If it is forbidden, [`Key::rsa_sign`] and [`Key::rsa_decrypt`]
    /// fail.
    #[must_use]
    pub fn raw_rsa(&self) -> Option<RawRsa> {
        self.0.tpm.raw_rsa().get()
    }

    /// Returns the data of a sealed object (TPM2_Unseal).
    ///
    /// # Errors
    /// It is a key and not sealed data; or the TPM refuses, for instance the password or the policy.
    pub fn unseal(&self) -> Result<Answer<Zeroizing<Vec<u8>>>, Error> {
        if !matches!(self.0.public.key, PublicKey::KeyedHash { .. }) {
            return Err(Error::new(ErrorKind::Input, "it is a key, and not sealed data").on(&*self.0));
        }
        self.operate(Purpose::Decryption, |connection, key, protect| object::unseal(connection, key, protect))
    }

    /// Multiplies a point by the private key (TPM2_ECDH_ZGen).
    ///
    /// # Errors
    /// The point is not on the curve, or the TPM refuses.
    pub fn ecdh_zgen(&self, x: &[u8], y: &[u8]) -> Result<Answer<Point>, Error> {
        let point = Point { x: x.to_vec(), y: y.to_vec() };
        self.operate(Purpose::Decryption, |connection, key, protect| {
            asymmetric::ecdh_zgen(connection, key, &point, protect)
        })
    }

    fn rsa(&self, block: &[u8], purpose: Purpose) -> Result<Answer<Zeroizing<Vec<u8>>>, Error> {
        block::check(block, &self.0.public)?;
        let has_scheme = self.0.public.key.scheme() != Some(Scheme::Null);
        self.0.tpm.raw_rsa().observe(|refused| {
            self.operate(purpose, |connection, key, protect| {
                let message = bare_operation(connection, key, block, protect, refused);
                refused.set(refused.get() && !has_scheme);
                block::left_padded(message?, block.len())
            })
        })
    }
}
