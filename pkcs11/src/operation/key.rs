//! A key in use.

use std::sync::Arc;

use cryptoki_sys::*;
use keyfile::AlgId;
use operations::Memory;
use operations::software::Software;
use tokens::TokenKey;
use tpm::Auth;

use crate::error::{Error, Result};
use crate::mechanism::table::Row;
use crate::slot::Slot;

/// A key in the TPM, and what operations remember of it.
pub(crate) struct OpenKey {
    pub(crate) key: tpm::Key,
    pub(crate) memory: Memory,
    needs_password: bool,
}

impl OpenKey {
    pub(crate) fn new(of: &TokenKey, key: tpm::Key) -> Self {
        Self { key, memory: Memory::default(), needs_password: of.needs_password() }
    }

    /// Returns true if the key is used with the PIN.
    pub(crate) fn needs_password(&self) -> bool {
        self.needs_password
    }

    /// The public half, for the verification of results that no session protected.
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

    /// The key of the token.
    pub(crate) fn of(&self) -> &Arc<TokenKey> {
        &self.of
    }

    /// Proves the password for this operation.
    ///
    /// # Errors
    /// CKR_PIN_INCORRECT, CKR_PIN_LOCKED; or the TPM fails.
    pub(crate) fn login(&mut self, slot: &Slot, pin: Auth) -> Result<()> {
        let key = slot.open(&self.of, Some(pin))?;
        key.key.prove()?;
        self.authenticated = Some(key);
        Ok(())
    }

    /// The key, ready for the operation.
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
        slot.open(&self.of, None)
    }
}
