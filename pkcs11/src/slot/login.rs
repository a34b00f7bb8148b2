//! The login: proves the PIN, changes it, and reports the lockout of the TPM.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cryptoki_sys::*;
use keyfile::Attributes;
use tokens::TokenKey;
use tpm::{Auth, Lockout};

use super::Slot;
use crate::error::{Error, Result};
use crate::module::lock;
use crate::operation::OpenKey;

/// The longest PIN, as ulMaxPinLen says it.
pub(crate) const LONGEST_PIN: CK_ULONG = 1024;

/// The state of the login.
#[derive(Default)]
pub(super) struct Login {
    pin: Option<Auth>,
    refusal: Option<Refusal>,
}

/// What the last refused PIN has shown.
struct Refusal {
    /// CKF_USER_PIN_*
    flags: CK_FLAGS,
    /// When the TPM forgets the failure.
    until: Option<Instant>,
}

impl Slot {
    /// Logs in.
    ///
    /// # Errors
    /// CKR_USER_ALREADY_LOGGED_IN; CKR_PIN_INCORRECT, CKR_PIN_LOCKED; or the TPM fails.
    pub(crate) fn login(&self, pin: &[u8]) -> Result<()> {
        if self.is_logged_in() {
            return Err(Error::new(CKR_USER_ALREADY_LOGGED_IN, "the user is already logged in"));
        }
        let auth = Auth::new(pin);
        check(&auth)?;
        let proven = match self.prove(&auth) {
            Ok(proven) => proven,
            Err(error) => {
                let refusal = self.refusal(&error);
                lock(&self.login).refusal = refusal;
                return Err(error);
            }
        };
        *lock(&self.login) = Login { pin: Some(auth), refusal: None };
        let mut keys = lock(&self.keys);
        // A key that was used before the login has no password, or not this one.
        let evicted = keys.note_login(false);
        if let Some((key, open)) = proven {
            // Most programs sign with it next, so it stays loaded.
            let logins = keys.logins();
            keys.insert(&key, open, logins);
        }
        drop(keys);
        drop(evicted);
        Ok(())
    }

    /// Proves the PIN with the first key that accepts it, and returns that key. A key that cannot be tried is skipped, for example one of another TPM, or one
    /// that is used by its policy. If there is no other, the PIN is accepted, and the first use proves it.
    fn prove(&self, auth: &Auth) -> Result<Option<(Arc<TokenKey>, Arc<OpenKey>)>> {
        let contents = self.contents()?;
        let mut failed = None;
        let mut is_counted = false;
        for key in contents.keys.iter().filter(|key| key.needs_password()) {
            if is_counted && is_protected(key) {
                continue;
            }
            let tried = key.open(self.tpm(), Some(auth.clone()));
            let error = match tried.and_then(|open| Ok(open.prove_now()?.then_some(open))) {
                Ok(Some(open)) => return Ok(Some((Arc::clone(key), Arc::new(OpenKey::new(open))))),
                Ok(None) => continue,
                Err(error) => Error::from(error),
            };
            let is_refused = matches!(error.code(), CKR_PIN_INCORRECT | CKR_PIN_LOCKED);
            is_counted |= is_refused && is_protected(key);
            // A wrong PIN is reported rather than a key that cannot be tried.
            failed = match failed {
                Some(before) if !is_refused => Some(before),
                _ => Some(error),
            };
        }
        failed.map_or(Ok(None), Err)
    }

    /// Returns what a refused PIN means for the next one. Keys without dictionary-attack protection have no limit.
    fn refusal(&self, error: &Error) -> Option<Refusal> {
        let contents = self.known().ok()?;
        let protected = contents.keys.iter().any(|key| key.needs_password() && is_protected(key));
        if !protected || !matches!(error.code(), CKR_PIN_INCORRECT | CKR_PIN_LOCKED) {
            return None;
        }
        let lockout = self.tpm().lockout().ok()?;
        let flags = match (error.code(), &lockout) {
            (CKR_PIN_LOCKED, _) => CKF_USER_PIN_LOCKED,
            (_, lockout) if lockout.is_locked() => CKF_USER_PIN_LOCKED,
            (_, Lockout { failures, max_failures, .. }) if failures.saturating_add(1) >= *max_failures => {
                CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_COUNT_LOW
            }
            _ => CKF_USER_PIN_COUNT_LOW,
        };
        let until = (lockout.interval > Duration::ZERO).then(|| Instant::now().checked_add(lockout.interval));
        Some(Refusal { flags, until: until.flatten() })
    }

    /// Returns CKF_USER_PIN_*, as the last refusal showed them, until the TPM forgets it.
    pub(crate) fn pin_flags(&self) -> CK_FLAGS {
        let login = lock(&self.login);
        let refusal = login.refusal.as_ref();
        let valid = refusal.filter(|refusal| refusal.until.is_none_or(|until| Instant::now() < until));
        valid.map_or(0, |refusal| refusal.flags)
    }

    /// Ends the login. Returns the keys that were in use, and whether a user was logged in. The caller drops the keys without a lock,
    /// because that uses the TPM.
    pub(crate) fn logout(&self) -> (Vec<Arc<OpenKey>>, bool) {
        let was_logged_in = lock(&self.login).pin.take().is_some();
        (lock(&self.keys).note_login(true), was_logged_in)
    }

    /// Returns true if the user is logged in.
    pub(crate) fn is_logged_in(&self) -> bool {
        lock(&self.login).pin.is_some()
    }

    /// Returns the PIN of the login: the password of new keys.
    pub(crate) fn pin(&self) -> Option<Auth> {
        lock(&self.login).pin.clone()
    }

    /// Changes the password of the keys from `old` to `new`.
    ///
    /// # Errors
    /// CKR_PIN_INCORRECT, CKR_PIN_LOCKED; CKR_PIN_LEN_RANGE; or the keys cannot be changed.
    pub(crate) fn set_pin(&self, old: &[u8], new: &[u8]) -> Result<()> {
        if CK_ULONG::try_from(new.len()).is_ok_and(|length| length > LONGEST_PIN) {
            return Err(Error::new(CKR_PIN_LEN_RANGE, format!("a PIN has at most {LONGEST_PIN} bytes")));
        }
        let (old, new) = (Auth::new(old), Auth::new(new));
        self.change(|token| token.change_password(self.tpm(), &old, &new))?;
        let mut login = lock(&self.login);
        if let Some(pin) = login.pin.as_mut().filter(|pin| pin.is_same(&old)) {
            *pin = new;
        }
        drop(login);
        let evicted = lock(&self.keys).note_login(true);
        drop(evicted);
        Ok(())
    }
}

/// Checks that a PIN is one. The empty password is not: a key that has a password refuses it, and the TPM counts that.
///
/// # Errors
/// CKR_PIN_INCORRECT
pub(super) fn check(pin: &Auth) -> Result<()> {
    match pin.is_same(&Auth::new([])) {
        true => Err(Error::new(CKR_PIN_INCORRECT, "the PIN is empty")),
        false => Ok(()),
    }
}

/// Returns true if a wrong password of the key counts towards the TPM's lockout.
fn is_protected(key: &TokenKey) -> bool {
    !key.public().attributes.contains(Attributes::NO_DA)
}
