//! A session: the search and the operation in progress. Programs use one session in one thread at a time; if not, calls wait.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use cryptoki_sys::*;

use crate::error::{Error, Result};
use crate::module::lock;
use crate::operation::{Decryption, Signing};
use crate::slot::Slot;

/// An open session.
pub(crate) struct Session {
    pub(crate) handle: CK_SESSION_HANDLE,
    pub(crate) slot: Arc<Slot>,
    /// True for a read-write session.
    pub(crate) writes: bool,
    active: Mutex<Active>,
}

/// What is in progress in a session.
#[derive(Default)]
pub(crate) struct Active {
    /// The handles that a search has still to return.
    pub(crate) search: Option<VecDeque<CK_OBJECT_HANDLE>>,
    pub(crate) signing: Option<Signing>,
    pub(crate) decryption: Option<Decryption>,
}

impl Session {
    pub(crate) fn new(handle: CK_SESSION_HANDLE, slot: Arc<Slot>, writes: bool) -> Self {
        Self { handle, slot, writes, active: Mutex::default() }
    }

    /// Locks what is in progress.
    pub(crate) fn active(&self) -> MutexGuard<'_, Active> {
        lock(&self.active)
    }

    /// Checks that the session may change its token.
    ///
    /// # Errors
    /// CKR_SESSION_READ_ONLY, CKR_TOKEN_WRITE_PROTECTED
    pub(crate) fn check_writable(&self) -> Result<()> {
        if !self.slot.token().writable() {
            return Err(Error::new(
                CKR_TOKEN_WRITE_PROTECTED,
                "the token is not a folder that can be changed",
            ));
        }
        match self.writes {
            true => Ok(()),
            false => Err(Error::new(CKR_SESSION_READ_ONLY, "the session is read-only")),
        }
    }
}

/// Returns the error of a function that continues an operation which was not begun.
pub(crate) fn not_begun() -> Error {
    Error::new(CKR_OPERATION_NOT_INITIALIZED, "no such operation is in progress in this session")
}

/// Returns the error of a function that begins an operation while one is in progress.
pub(crate) fn in_progress() -> Error {
    Error::new(CKR_OPERATION_ACTIVE, "such an operation is already in progress in this session")
}
