//! A slot with its token: the login, and the keys that are in use.
//!
//! The PIN is the password of the token's keys. C_Login proves it with a key. A wrong PIN counts once towards the TPM's lockout, because
//! it is tried with one protected key only. A key with another password refuses the PIN when it is used.
//!
//! No lock is held while the TPM works: it may be busy for minutes, and other threads ask for the state of the token.

mod login;
mod open_keys;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use cryptoki_sys::*;
use tokens::{Certificate, Contents, Token, TokenKey};
use tpm::{Auth, HINT, Tpm, trace};

use crate::error::{Error, Result};
use crate::module::lock;
use crate::operation::OpenKey;
pub(crate) use login::LONGEST_PIN;
use login::Login;
use open_keys::OpenKeys;

/// A slot.
pub(crate) struct Slot {
    id: CK_SLOT_ID,
    token: Arc<Token>,
    tpm: Tpm,
    login: Mutex<Login>,
    /// The contents that a search or another call has last found.
    known: Mutex<Option<Arc<Contents>>>,
    keys: Mutex<OpenKeys>,
    /// The numbers of keys that this process removed: programs remove the public half, too.
    removed: Mutex<HashSet<u64>>,
}

impl Slot {
    pub(crate) fn new(id: CK_SLOT_ID, token: Arc<Token>, tpm: Tpm) -> Self {
        Self {
            id,
            token,
            tpm,
            login: Mutex::default(),
            known: Mutex::default(),
            keys: Mutex::default(),
            removed: Mutex::default(),
        }
    }

    /// Returns the number of the slot.
    pub(crate) fn id(&self) -> CK_SLOT_ID {
        self.id
    }

    /// Returns the token.
    pub(crate) fn token(&self) -> &Token {
        &self.token
    }

    /// Returns the TPM with the keys of the token.
    pub(crate) fn tpm(&self) -> &Tpm {
        &self.tpm
    }

    /// Returns true if the token is there. The trace names an absent one, because the functions that list slots return no error.
    pub(crate) fn is_present(&self) -> bool {
        let absent = self.check_present().err();
        if let Some(error) = absent.as_ref().filter(|_| trace::enabled()) {
            trace::line(format_args!("slot {}: {error}", self.id));
        }
        absent.is_none()
    }

    /// Checks that the token is there: a key file of its sections exists.
    ///
    /// # Errors
    /// CKR_TOKEN_NOT_PRESENT
    pub(crate) fn check_present(&self) -> Result<()> {
        match self.token.is_present() {
            true => Ok(()),
            false => {
                let text = format!("no key file of the token {:?} exists", self.token.label());
                let hint = "check the paths in the configuration, or restore the file";
                Err(Error::new(CKR_TOKEN_NOT_PRESENT, text).with_hint(hint))
            }
        }
    }

    /// Returns the keys and certificates of the token. Files that have changed are read.
    ///
    /// # Errors
    /// CKR_TOKEN_NOT_PRESENT, or the files cannot be read.
    pub(crate) fn contents(&self) -> Result<Arc<Contents>> {
        self.check_present()?;
        let contents = self.token.contents(&self.tpm)?;
        let before = lock(&self.known).replace(Arc::clone(&contents));
        if trace::enabled() && !before.is_some_and(|before| Arc::ptr_eq(&before, &contents)) {
            self.report_faults(&contents);
        }
        Ok(contents)
    }

    /// Traces the files that could not be read: their keys are not in the token, and no function returns an error.
    fn report_faults(&self, contents: &Contents) {
        for fault in &contents.faults {
            let advice = fault.error.advice().map(|advice| format!("; {HINT} {advice}"));
            let (label, error) = (self.token.label(), &fault.error);
            trace::line(format_args!("token {label:?} lacks a file: {error}{}", advice.unwrap_or_default()));
        }
    }

    /// Returns the contents as they were last found: programs ask for many attributes of what a search has found.
    ///
    /// # Errors
    /// As [`Slot::contents`], if they were never found or this process has changed them.
    pub(crate) fn known(&self) -> Result<Arc<Contents>> {
        let known = lock(&self.known).clone();
        known.map_or_else(|| self.contents(), Ok)
    }

    /// Runs a change of the token. The contents are read again before the next use.
    ///
    /// # Errors
    /// Those of `change`.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&Token) -> std::result::Result<T, tokens::Error>,
    ) -> Result<T> {
        let changed = change(&self.token);
        *lock(&self.known) = None;
        Ok(changed?)
    }

    /// Removes a key: its file gets another name.
    ///
    /// # Errors
    /// The file has changed or cannot be renamed.
    pub(crate) fn remove(&self, key: &TokenKey) -> Result<()> {
        self.change(|token| token.remove_key(key))?;
        lock(&self.removed).insert(key.number());
        let evicted = lock(&self.keys).remove(key.number());
        drop(evicted);
        Ok(())
    }

    /// Removes a certificate: its file gets another name.
    ///
    /// # Errors
    /// As [`Slot::remove`].
    pub(crate) fn remove_certificate(&self, certificate: &Certificate) -> Result<()> {
        self.change(|token| token.remove_certificate(certificate))
    }

    /// Returns true if this process has removed the key.
    pub(crate) fn has_removed(&self, number: u64) -> bool {
        lock(&self.removed).contains(&number)
    }

    /// Returns the key for a private operation.
    ///
    /// # Errors
    /// CKR_USER_NOT_LOGGED_IN; CKR_KEY_HANDLE_INVALID: the key is gone; or the key cannot be opened.
    pub(crate) fn open(&self, number: u64) -> Result<Arc<OpenKey>> {
        let key = self.key(number)?;
        let logins = lock(&self.keys).logins();
        if let Some(open) = lock(&self.keys).find(&key) {
            return Ok(open);
        }
        let auth = match key.needs_password() {
            true => Some(self.pin().ok_or_else(|| not_logged_in(&key))?),
            false => None,
        };
        let open = Arc::new(OpenKey::new(key.open(&self.tpm, auth)?));
        // A key that was opened during a login is not used after it.
        lock(&self.keys).insert(&key, open, logins).ok_or_else(|| not_logged_in(&key))
    }

    /// Opens the key for one operation with its own login (CKU_CONTEXT_SPECIFIC), and proves the PIN.
    ///
    /// # Errors
    /// CKR_PIN_INCORRECT, CKR_PIN_LOCKED; CKR_KEY_HANDLE_INVALID: the key is gone; or the TPM fails.
    pub(crate) fn open_once(&self, number: u64, pin: Auth) -> Result<Arc<OpenKey>> {
        login::check(&pin)?;
        let open = self.key(number)?.open(&self.tpm, Some(pin))?;
        open.prove_now()?;
        Ok(Arc::new(OpenKey::new(open)))
    }

    /// Returns the key as it is now: its file may have a new password.
    fn key(&self, number: u64) -> Result<Arc<TokenKey>> {
        self.known()?
            .key(number)
            .cloned()
            .ok_or_else(|| Error::new(CKR_KEY_HANDLE_INVALID, "the key was removed or replaced"))
    }
}

fn not_logged_in(key: &TokenKey) -> Error {
    let text = format!("the key {:?} has a password: log in first", key.label());
    Error::new(CKR_USER_NOT_LOGGED_IN, text)
}
