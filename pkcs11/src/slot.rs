//! A slot with its token: the login, and the keys that are in use.
//!
//! The PIN is the password of the token's keys. C_Login proves it with a key. A wrong PIN counts once towards the TPM's lockout, because
//! it is tried with one protected key only. A key with another password refuses the PIN when it is used.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use cryptoki_sys::*;
use keyfile::Attributes;
use tokens::{Contents, Token, TokenKey};
use tpm::{Auth, Tpm};

use crate::error::{Error, Result};
use crate::module::lock;
use crate::operation::OpenKey;

/// A slot.
pub(crate) struct Slot {
    id: CK_SLOT_ID,
    token: Arc<Token>,
    tpm: Tpm,
    login: Mutex<Login>,
    /// The contents that a search or another call has last found.
    known: Mutex<Option<Arc<Contents>>>,
    /// The keys in use, by their numbers. They keep their slot in the TPM, and what is known about their passwords.
    keys: Mutex<HashMap<u64, Arc<OpenKey>>>,
    /// The numbers of keys that this process removed: programs remove the public half, too.
    removed: Mutex<HashSet<u64>>,
}

/// The state of the login.
#[derive(Default)]
struct Login {
    pin: Option<Auth>,
    /// CKF_USER_PIN_*, as the last refusal showed them.
    flags: CK_FLAGS,
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

    /// The number of the slot.
    pub(crate) fn id(&self) -> CK_SLOT_ID {
        self.id
    }

    /// The token.
    pub(crate) fn token(&self) -> &Token {
        &self.token
    }

    /// The TPM with the keys of the token.
    pub(crate) fn tpm(&self) -> &Tpm {
        &self.tpm
    }

    /// Checks that the token is there: the key files of its sections exist.
    ///
    /// # Errors
    /// CKR_TOKEN_NOT_PRESENT
    pub(crate) fn check_present(&self) -> Result<()> {
        match self.token.is_present() {
            true => Ok(()),
            false => {
                let text = format!("a key file of the token {:?} does not exist", self.token.label());
                Err(Error::new(CKR_TOKEN_NOT_PRESENT, text))
            }
        }
    }

    /// The keys and certificates of the token. Files that have changed are read.
    ///
    /// # Errors
    /// CKR_TOKEN_NOT_PRESENT, or the files cannot be read.
    pub(crate) fn contents(&self) -> Result<Arc<Contents>> {
        self.check_present()?;
        let contents = self.token.contents(&self.tpm)?;
        *lock(&self.known) = Some(Arc::clone(&contents));
        Ok(contents)
    }

    /// The contents as they were last found: programs ask for many attributes of what a search has found.
    ///
    /// # Errors
    /// As [`Slot::contents`], if they were never found.
    pub(crate) fn known(&self) -> Result<Arc<Contents>> {
        let known = lock(&self.known).clone();
        known.map_or_else(|| self.contents(), Ok)
    }

    /// Logs in.
    ///
    /// # Errors
    /// CKR_USER_ALREADY_LOGGED_IN; CKR_PIN_INCORRECT, CKR_PIN_LOCKED; or the TPM fails.
    pub(crate) fn login(&self, pin: &[u8]) -> Result<()> {
        let mut login = lock(&self.login);
        if login.pin.is_some() {
            return Err(Error::new(CKR_USER_ALREADY_LOGGED_IN, "the user is already logged in"));
        }
        let auth = Auth::new(pin);
        let proven = match self.prove(&auth) {
            Ok(proven) => proven,
            Err(error) => {
                login.flags = self.flags_after(&error);
                return Err(error);
            }
        };
        *login = Login { pin: Some(auth), flags: 0 };
        drop(login);
        let mut keys = lock(&self.keys);
        // A key that was used before the login has no password, or not this one.
        keys.retain(|_, key| !key.needs_password());
        // Most programs sign with it next: it need not be loaded again.
        keys.extend(proven);
        Ok(())
    }

    /// Proves the PIN with the first key that accepts it, and returns that key with its number; none if no key has a password. A key that cannot be tried, for example because it belongs to another TPM, does
    /// not keep the next one from it.
    fn prove(&self, auth: &Auth) -> Result<Option<(u64, Arc<OpenKey>)>> {
        let contents = self.contents()?;
        let mut failed = None;
        let mut is_counted = false;
        for key in contents.keys.iter().filter(|key| key.needs_password()) {
            if is_counted && is_protected(key) {
                continue;
            }
            let error = match self.try_with(key, auth) {
                Ok(open) => return Ok(Some((key.number(), Arc::new(open)))),
                Err(error) => error,
            };
            let is_refused = matches!(error.code(), CKR_PIN_INCORRECT | CKR_PIN_LOCKED);
            is_counted |= is_refused && is_protected(key);
            // That the PIN is wrong tells the user more than that a key cannot be tried.
            failed = match failed {
                Some(before) if !is_refused => Some(before),
                _ => Some(error),
            };
        }
        failed.map_or(Ok(None), Err)
    }

    fn try_with(&self, key: &TokenKey, auth: &Auth) -> Result<OpenKey> {
        let open = key.open(&self.tpm, Some(auth.clone()))?;
        open.prove()?;
        Ok(OpenKey::new(key, open))
    }

    /// The flags of a token whose PIN was refused. Keys without dictionary-attack protection have no limit.
    fn flags_after(&self, error: &Error) -> CK_FLAGS {
        if error.code() == CKR_PIN_LOCKED {
            return CKF_USER_PIN_LOCKED;
        }
        let protected = self
            .contents()
            .is_ok_and(|contents| contents.keys.iter().any(|key| key.needs_password() && is_protected(key)));
        if error.code() != CKR_PIN_INCORRECT || !protected {
            return 0;
        }
        match self.tpm.lockout() {
            Ok(lockout) if lockout.is_locked() => CKF_USER_PIN_LOCKED,
            Ok(lockout) if lockout.failures.saturating_add(1) >= lockout.max_failures => {
                CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_COUNT_LOW
            }
            _ => CKF_USER_PIN_COUNT_LOW,
        }
    }

    /// Ends the login, and evicts the keys. Returns false if nobody was logged in.
    pub(crate) fn logout(&self) -> bool {
        let was_logged_in = lock(&self.login).pin.take().is_some();
        let evicted = std::mem::take(&mut *lock(&self.keys));
        drop(evicted);
        was_logged_in
    }

    /// Returns true if the user is logged in.
    pub(crate) fn is_logged_in(&self) -> bool {
        lock(&self.login).pin.is_some()
    }

    /// The PIN of the login: the password of new keys.
    pub(crate) fn pin(&self) -> Option<Auth> {
        lock(&self.login).pin.clone()
    }

    /// CKF_USER_PIN_*, as the last refusal showed them.
    pub(crate) fn pin_flags(&self) -> CK_FLAGS {
        lock(&self.login).flags
    }

    /// Changes the password of the keys from `old` to `new`.
    ///
    /// # Errors
    /// CKR_PIN_INCORRECT, CKR_PIN_LOCKED; or the keys cannot be changed.
    pub(crate) fn set_pin(&self, old: &[u8], new: &[u8]) -> Result<()> {
        let (old, new) = (Auth::new(old), Auth::new(new));
        self.token.change_password(&self.tpm, &old, &new)?;
        let mut login = lock(&self.login);
        if let Some(pin) = &mut login.pin {
            *pin = new;
        }
        drop(login);
        lock(&self.keys).clear();
        Ok(())
    }

    /// Removes a key: its file gets another name.
    ///
    /// # Errors
    /// The file has changed or cannot be renamed.
    pub(crate) fn remove(&self, key: &TokenKey) -> Result<()> {
        self.token.remove_key(key)?;
        lock(&self.keys).remove(&key.number());
        lock(&self.removed).insert(key.number());
        Ok(())
    }

    /// Returns true if this process has removed the key.
    pub(crate) fn has_removed(&self, number: u64) -> bool {
        lock(&self.removed).contains(&number)
    }

    /// Returns the key for a private operation. `pin` is the PIN of a login for this operation only (CKU_CONTEXT_SPECIFIC).
    ///
    /// # Errors
    /// CKR_USER_NOT_LOGGED_IN; or the key cannot be opened.
    pub(crate) fn open(&self, key: &Arc<TokenKey>, pin: Option<Auth>) -> Result<Arc<OpenKey>> {
        let known = lock(&self.keys).get(&key.number()).cloned();
        if let (Some(open), None) = (known, &pin) {
            return Ok(open);
        }
        let auth = match key.needs_password() {
            true => Some(pin.or_else(|| self.pin()).ok_or_else(|| {
                Error::new(
                    CKR_USER_NOT_LOGGED_IN,
                    format!("the key {:?} has a password: log in first", key.label()),
                )
            })?),
            false => None,
        };
        let open = Arc::new(OpenKey::new(key, key.open(&self.tpm, auth)?));
        Ok(Arc::clone(lock(&self.keys).entry(key.number()).insert_entry(open).get()))
    }
}

/// Returns true if a wrong password of the key counts towards the TPM's lockout.
fn is_protected(key: &TokenKey) -> bool {
    !key.public().attributes.contains(Attributes::NO_DA)
}
