//! What C_Initialize makes: the slots and the sessions. Each process has its own: a forked child calls C_Initialize anew
//! (PKCS#11 2.40 §6.6.1), and until then every function returns CKR_CRYPTOKI_NOT_INITIALIZED.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use cryptoki_sys::*;
use tokens::Configuration;
use tpm::{PerProcess, Tpm};

use crate::error::{Error, Result};
use crate::object::Secret;
use crate::session::Session;
use crate::slot::Slot;

/// The module between C_Initialize and C_Finalize.
pub(crate) struct Module {
    pub(crate) configuration: Configuration,
    pub(crate) tpm: Tpm,
    slots: Vec<Arc<Slot>>,
    sessions: Mutex<Sessions>,
}

/// The open sessions, and the keys that were derived in them.
#[derive(Default)]
struct Sessions {
    last: CK_SESSION_HANDLE,
    open: HashMap<CK_SESSION_HANDLE, Arc<Session>>,
    secrets: HashMap<CK_OBJECT_HANDLE, Arc<Secret>>,
}

type State = Mutex<Option<Arc<Module>>>;

/// Returns the state of this process. A lock that another thread held during the fork belongs to the parent's state.
fn state() -> Arc<State> {
    static STATES: OnceLock<PerProcess<State>> = OnceLock::new();
    STATES.get_or_init(PerProcess::default).current(|_| Arc::default(), |_| ())
}

/// A panic in another thread leaves no half-changed value behind: each is changed by one assignment or insertion.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Module {
    /// Reads the configuration. No token and no TPM is opened yet.
    ///
    /// # Errors
    /// CKR_CRYPTOKI_ALREADY_INITIALIZED; CKR_FUNCTION_FAILED: the configuration has a mistake, which the trace and
    /// `tpm2-keytool token` show.
    pub(crate) fn start() -> Result<()> {
        let state = state();
        let mut state = lock(&state);
        if state.is_some() {
            return Err(Error::new(CKR_CRYPTOKI_ALREADY_INITIALIZED, "C_Initialize was already called"));
        }
        let configuration = Configuration::load()?;
        let tpm = configuration.tpm();
        let slots = (0..).zip(configuration.tokens());
        let slots =
            slots.map(|(id, token)| Arc::new(Slot::new(id, Arc::clone(token), tpm.clone()))).collect();
        *state = Some(Arc::new(Module { configuration, tpm, slots, sessions: Mutex::default() }));
        Ok(())
    }

    /// Ends the module: evicts the keys, and closes the TPM. A call of another thread that is in progress ends as if the module were
    /// still there; a key that it uses is evicted after it.
    ///
    /// # Errors
    /// CKR_CRYPTOKI_NOT_INITIALIZED
    pub(crate) fn end() -> Result<()> {
        let module = lock(&state()).take().ok_or_else(not_initialized)?;
        let closed = std::mem::take(&mut *lock(&module.sessions));
        drop(closed);
        for slot in &module.slots {
            drop(slot.logout());
        }
        module.tpm.close();
        Ok(())
    }

    /// Returns the module of this process.
    ///
    /// # Errors
    /// CKR_CRYPTOKI_NOT_INITIALIZED
    pub(crate) fn current() -> Result<Arc<Self>> {
        lock(&state()).clone().ok_or_else(not_initialized)
    }

    /// Returns all slots.
    pub(crate) fn slots(&self) -> &[Arc<Slot>] {
        &self.slots
    }

    /// Returns a slot.
    ///
    /// # Errors
    /// CKR_SLOT_ID_INVALID
    pub(crate) fn slot(&self, id: CK_SLOT_ID) -> Result<&Arc<Slot>> {
        let slot = usize::try_from(id).ok().and_then(|id| self.slots.get(id));
        slot.ok_or_else(|| Error::new(CKR_SLOT_ID_INVALID, format!("there is no slot {id}")))
    }

    /// Opens a session.
    pub(crate) fn open(&self, slot: &Arc<Slot>, writes: bool) -> CK_SESSION_HANDLE {
        let mut sessions = lock(&self.sessions);
        sessions.last = sessions.last.wrapping_add(1);
        let handle = sessions.last;
        sessions.open.insert(handle, Arc::new(Session::new(handle, Arc::clone(slot), writes)));
        handle
    }

    /// Returns a session.
    ///
    /// # Errors
    /// CKR_SESSION_HANDLE_INVALID
    pub(crate) fn session(&self, handle: CK_SESSION_HANDLE) -> Result<Arc<Session>> {
        lock(&self.sessions).open.get(&handle).cloned().ok_or_else(|| no_session(handle))
    }

    /// Closes a session.
    ///
    /// # Errors
    /// CKR_SESSION_HANDLE_INVALID
    pub(crate) fn close(&self, handle: CK_SESSION_HANDLE) -> Result<()> {
        let slot = Arc::clone(&self.session(handle)?.slot);
        self.close_where(&slot, |this| this == handle);
        Ok(())
    }

    /// Closes all sessions of a slot.
    pub(crate) fn close_all(&self, slot: &Arc<Slot>) {
        self.close_where(slot, |_| true);
    }

    /// Closes sessions of a slot. With the last one, the login ends (PKCS#11 3.0 §5.6.6).
    fn close_where(&self, slot: &Arc<Slot>, which: impl Fn(CK_SESSION_HANDLE) -> bool) {
        let mut sessions = lock(&self.sessions);
        let Sessions { open, secrets, .. } = &mut *sessions;
        // What is removed is dropped without the lock, because dropping a key uses the TPM.
        let closing = |(handle, session): &(&CK_SESSION_HANDLE, &Arc<Session>)| {
            Arc::ptr_eq(&session.slot, slot) && which(**handle)
        };
        let closing: Vec<_> = open.iter().filter(closing).map(|(handle, _)| *handle).collect();
        let closed: Vec<_> = closing.iter().filter_map(|handle| open.remove(handle)).collect();
        secrets.retain(|_, secret| open.contains_key(&secret.session()));
        let is_last = !open.values().any(|session| Arc::ptr_eq(&session.slot, slot));
        let logout = is_last.then(|| slot.logout());
        drop(sessions);
        drop((closed, logout));
    }

    /// Ends the login of a slot, and removes its private derived keys. Returns false if the user was not logged in.
    pub(crate) fn logout(&self, slot: &Arc<Slot>) -> bool {
        let mut sessions = lock(&self.sessions);
        sessions.secrets.retain(|_, secret| secret.slot() != slot.id() || !secret.is_private());
        let (evicted, was_logged_in) = slot.logout();
        drop(sessions);
        drop(evicted);
        was_logged_in
    }

    /// Adds a derived key, which lives as long as its session.
    ///
    /// # Errors
    /// CKR_SESSION_HANDLE_INVALID: the session was closed meanwhile. CKR_USER_NOT_LOGGED_IN: the key is private, and the login has ended.
    pub(crate) fn add_secret(&self, slot: &Slot, secret: Secret) -> Result<CK_OBJECT_HANDLE> {
        let handle = secret.handle();
        let mut sessions = lock(&self.sessions);
        if !sessions.open.contains_key(&secret.session()) {
            return Err(no_session(secret.session()));
        }
        if secret.is_private() && !slot.is_logged_in() {
            return Err(Error::new(CKR_USER_NOT_LOGGED_IN, "a private key is derived during a login"));
        }
        sessions.secrets.insert(handle, Arc::new(secret));
        Ok(handle)
    }

    /// Removes a derived key. Returns false if there is none.
    pub(crate) fn remove_secret(&self, handle: CK_OBJECT_HANDLE) -> bool {
        lock(&self.sessions).secrets.remove(&handle).is_some()
    }

    /// Returns the derived keys of a slot.
    pub(crate) fn secrets(&self, slot: CK_SLOT_ID) -> Vec<Arc<Secret>> {
        lock(&self.sessions).secrets.values().filter(|secret| secret.slot() == slot).cloned().collect()
    }

    /// Returns the numbers of open sessions of a slot: all, and those that may write.
    pub(crate) fn count_sessions(&self, slot: &Arc<Slot>) -> (CK_ULONG, CK_ULONG) {
        let sessions = lock(&self.sessions);
        let of_slot = sessions.open.values().filter(|session| Arc::ptr_eq(&session.slot, slot));
        of_slot.fold((0, 0), |(all, writing), session| (all + 1, writing + CK_ULONG::from(session.writes)))
    }
}

fn not_initialized() -> Error {
    Error::new(CKR_CRYPTOKI_NOT_INITIALIZED, "C_Initialize was not called in this process")
}

fn no_session(handle: CK_SESSION_HANDLE) -> Error {
    Error::new(CKR_SESSION_HANDLE_INVALID, format!("there is no session {handle}"))
}
