//! A key in use.

use std::sync::Arc;

use cryptoki_sys::*;
use keyfile::{AlgId, PublicKey};
use operations::Memory;
use operations::software::Software;
use tokens::TokenKey;
use tpm::Auth;

use crate::error::{Error, Result};
use crate::mechanism::table::Row;
use crate::operation::Uses;
use crate::slot::Slot;

/// A key in the TPM, and what operations remember of it.
pub(crate) struct OpenKey {
    pub(crate) key: tpm::Key,
    pub(crate) memory: Memory,
}

impl OpenKey {
    pub(crate) fn new(key: tpm::Key) -> Self {
        Self { key, memory: Memory::default() }
    }

    /// Returns the public half, for the verification of results that no session protected.
    pub(crate) fn public(&self) -> Software<'_> {
        Software::new(self.key.public())
    }
}

/// The key of an operation in progress. It is opened when the operation ends, or by the login for the operation.
pub(crate) struct InUse {
    of: Arc<TokenKey>,
    /// Set by a login for this operation (CKU_CONTEXT_SPECIFIC).
    authenticated: Option<Arc<OpenKey>>,
}

impl InUse {
    /// Begins to use a key with a mechanism.
    ///
    /// # Errors
    /// CKR_KEY_TYPE_INCONSISTENT
    pub(crate) fn new(of: Arc<TokenKey>, row: &Row) -> Result<Self> {
        if row.is_rsa() != (of.public().key.kind() == AlgId::RSA) {
            return Err(Error::new(CKR_KEY_TYPE_INCONSISTENT, "the mechanism is for another type of key"));
        }
        Ok(Self { of, authenticated: None })
    }

    /// Returns the key of the token.
    pub(crate) fn of(&self) -> &Arc<TokenKey> {
        &self.of
    }

    /// Proves the password for this operation.
    ///
    /// # Errors
    /// CKR_PIN_INCORRECT, CKR_PIN_LOCKED; or the TPM fails.
    pub(crate) fn login(&mut self, slot: &Slot, pin: Auth) -> Result<()> {
        self.authenticated = Some(slot.open_once(self.of.number(), pin)?);
        Ok(())
    }

    /// Returns true after a login for this operation.
    pub(crate) fn is_authenticated(&self) -> bool {
        self.authenticated.is_some()
    }

    /// Returns what the TPM lets the key do.
    pub(crate) fn uses(&self) -> Uses {
        Uses::of(self.of.public())
    }

    /// Returns the size of the modulus in bytes; 0 for an EC key.
    pub(crate) fn modulus_size(&self) -> usize {
        match &self.of.public().key {
            PublicKey::Rsa { modulus, .. } => modulus.len(),
            _ => 0,
        }
    }

    /// Returns the key, ready for the operation.
    ///
    /// # Errors
    /// CKR_USER_NOT_LOGGED_IN; or the key cannot be opened.
    pub(crate) fn open(&self, slot: &Slot) -> Result<Arc<OpenKey>> {
        if let Some(key) = &self.authenticated {
            return Ok(Arc::clone(key));
        }
        if slot.token().always_authenticate() && self.of.needs_password() {
            let text = "the token asks for a login (CKU_CONTEXT_SPECIFIC) before each operation";
            return Err(Error::new(CKR_USER_NOT_LOGGED_IN, text));
        }
        slot.open(self.of.number())
    }
}

/// The error of an operation whose key has another password than the PIN of the login: it needs a login with that one.
pub(crate) fn explain(error: operations::Error) -> Error {
    match Error::from(error) {
        error if error.code() == CKR_PIN_INCORRECT => {
            Error::new(CKR_USER_NOT_LOGGED_IN, "the key has another password than the PIN of the login")
                .because(error)
        }
        error => error,
    }
}
