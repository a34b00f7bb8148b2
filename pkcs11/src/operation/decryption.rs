//! A decryption in progress.

use std::sync::Arc;

use cryptoki_sys::*;
use operations::decryption::{Padding, decrypt};
use tokens::TokenKey;
use tpm::Auth;
use zeroize::Zeroizing;

use super::{InUse, explain};
use crate::error::{Error, Result};
use crate::ffi::MechanismArgument;
use crate::mechanism::{self, Decrypt, table};
use crate::slot::Slot;

/// A decryption in progress.
pub(crate) struct Decryption {
    key: InUse,
    how: Decrypt,
    ciphertext: Vec<u8>,
    /// The message, until the caller has room for it: the TPM decrypts once.
    message: Option<Zeroizing<Vec<u8>>>,
    /// True after C_DecryptUpdate, which C_Decrypt may not follow.
    pub(crate) in_parts: bool,
}

impl Decryption {
    /// Begins a decryption.
    ///
    /// # Errors
    /// CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID, CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_FUNCTION_NOT_PERMITTED
    pub(crate) fn new(key: Arc<TokenKey>, mechanism: &MechanismArgument<'_>) -> Result<Self> {
        let how = mechanism::decryption(mechanism)?;
        let key = InUse::new(key, table::find(mechanism.mechanism)?)?;
        let may = key.uses();
        if !may.decrypt || (matches!(how, Decrypt::RsaX509) && !may.raw_rsa) {
            return Err(Error::new(CKR_KEY_FUNCTION_NOT_PERMITTED, "the key does not decrypt so"));
        }
        Ok(Self { key, how, ciphertext: Vec::new(), message: None, in_parts: false })
    }

    /// Proves the password for this decryption.
    ///
    /// # Errors
    /// As [`InUse::login`].
    pub(crate) fn login(&mut self, slot: &Slot, pin: Auth) -> Result<()> {
        self.key.login(slot, pin)
    }

    /// Returns the size of the modulus, which no message exceeds.
    pub(crate) fn size(&self) -> usize {
        self.key.modulus_size()
    }

    /// Returns true if the TPM has decrypted the message, which the caller still lacks.
    pub(crate) fn is_decrypted(&self) -> bool {
        self.message.is_some()
    }

    /// Adds a part of the ciphertext.
    ///
    /// # Errors
    /// CKR_ENCRYPTED_DATA_LEN_RANGE
    pub(crate) fn update(&mut self, part: &[u8]) -> Result<()> {
        if self.ciphertext.len().saturating_add(part.len()) > self.size() {
            return Err(Error::new(
                CKR_ENCRYPTED_DATA_LEN_RANGE,
                "the ciphertext is longer than the modulus",
            ));
        }
        self.ciphertext.extend_from_slice(part);
        Ok(())
    }

    /// Returns the message. The TPM decrypts at the first call.
    ///
    /// # Errors
    /// CKR_ENCRYPTED_DATA_INVALID; CKR_USER_NOT_LOGGED_IN; the key does not decrypt so; or the TPM fails.
    pub(crate) fn message(&mut self, slot: &Slot) -> Result<&[u8]> {
        let message = match self.message.take() {
            Some(message) => message,
            None => self.decrypt(slot)?,
        };
        Ok(self.message.insert(message))
    }

    fn decrypt(&self, slot: &Slot) -> Result<Zeroizing<Vec<u8>>> {
        let key = self.key.open(slot)?;
        let padding = match &self.how {
            Decrypt::RsaX509 => Padding::None,
            // A wrong padding gives a synthetic message: an error would tell an attacker about the padding.
            Decrypt::RsaPkcs => Padding::Pkcs1 { implicit_rejection: true },
            Decrypt::RsaOaep { digest, mgf1, label } => {
                Padding::Oaep { digest: digest.digest(), mgf1: mgf1.digest(), label }
            }
        };
        decrypt(&key.key, &key.public(), &key.memory, &padding, &self.ciphertext).map_err(invalid)
    }
}

/// The errors about a padding are about the ciphertext.
fn invalid(error: operations::Error) -> Error {
    match error.kind() {
        operations::Kind::Padding => {
            Error::new(CKR_ENCRYPTED_DATA_INVALID, "the ciphertext cannot be decrypted").because(error)
        }
        _ => explain(error),
    }
}
