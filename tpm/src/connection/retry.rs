//! Decides from an error how to continue: after a TPM reset, a restarted resource manager, a closed socket, or when other processes
//! hold all slots. Only the answer shows which it is. Response codes are not authenticated, so every retry is bounded.

use std::time::Duration;

use super::Connection;
use super::lost::is_session;
use crate::command::Backoff;
use crate::command::object::read_public;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind};
use crate::rc::{Part, ResponseCode};

/// How often an operation may begin again because the connection or the TPM has changed: once for what was stale, and once for what
/// happens meanwhile.
const TRIES: u8 = 2;

/// Counts how often one operation may begin again.
pub(crate) struct Retry {
    /// True if the operation uses no state older than itself.
    fresh: bool,
    /// True if it has reconnected already.
    reconnected: bool,
    tries: u8,
    slots: Backoff,
    deadline: Deadline,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remedy {
    /// Report the error.
    Report,
    /// The connection is broken: open it again.
    Reconnect,
    /// The TPM has lost our objects, or their handles belong to other processes: flush our own.
    FlushOwn,
    /// The simulator was reset: send TPM2_Startup.
    Startup,
    /// Other processes hold the slots: free ours and wait.
    FreeSlots,
}

impl Retry {
    /// Creates the counters for an operation that starts with an open connection, or without one.
    pub(crate) fn new(connected: bool, deadline: Deadline) -> Self {
        Self { fresh: !connected, reconnected: false, tries: TRIES, slots: Backoff::for_slots(), deadline }
    }

    /// Repairs the connection after a failure, and returns the pause before the operation begins again. Returns the failure if the
    /// operation must not begin again.
    #[inline(never)]
    pub(crate) fn recover(
        &mut self,
        failure: Error,
        connection: &mut Option<Box<Connection>>,
    ) -> Result<Duration, Error> {
        let Some(connection) = connection.as_mut() else { return Err(failure) };
        connection.note_failure(&failure);
        let remedy = self.choose_remedy(&failure, connection);
        if remedy == Remedy::FreeSlots {
            // Free our slots first: two processes that wait while holding slots would block each other.
            connection.flush_all();
            return self.slots.pause(self.deadline).ok_or(failure);
        }
        if remedy == Remedy::Report || self.tries == 0 {
            return Err(failure);
        }
        self.tries = self.tries.saturating_sub(1);
        self.fresh = true;
        match remedy {
            Remedy::Startup => connection.startup_again()?,
            Remedy::Reconnect => {
                self.reconnected = true;
                connection.reconnect()?;
            }
            _ => connection.flush_own_objects(),
        }
        Ok(Duration::ZERO)
    }

    fn choose_remedy(&self, error: &Error, connection: &mut Connection) -> Remedy {
        match error.kind() {
            ErrorKind::Io if self.reconnected => return Remedy::Report,
            ErrorKind::Io => return Remedy::Reconnect,
            ErrorKind::ObjectMemory => return Remedy::FreeSlots,
            _ => {}
        }
        let Some(code) = error.code() else { return Remedy::Report };
        match code.base() {
            ResponseCode::INITIALIZE if connection.is_simulator() => Remedy::Startup,
            ResponseCode::INITIALIZE if !self.fresh => Remedy::Reconnect,
            _ if names_missing_object(error, code) => Remedy::FlushOwn,
            // The saved context or the parent at the handle is older than a reset; or an answer in a policy session was altered, and its
            // nonce with it.
            ResponseCode::INTEGRITY | ResponseCode::HANDLE | ResponseCode::NONCE if !self.fresh => {
                Remedy::FlushOwn
            }
            ResponseCode::AUTH_FAIL | ResponseCode::BAD_AUTH if is_other_object(error, connection) => {
                Remedy::FlushOwn
            }
            // A session that is salted to another key than expected has another session key than the TPM.
            _ if !self.fresh
                && !error.is_remembered()
                && may_be_other_parent(code)
                && has_other_parent(connection) =>
            {
                Remedy::FlushOwn
            }
            _ => Remedy::Report,
        }
    }
}

/// Returns true if the command named an object or session that is not in the TPM: a reset has removed it, or its handle was damaged
/// in transit and may not be one of an object at all.
fn names_missing_object(error: &Error, code: ResponseCode) -> bool {
    let is_wrong = matches!(code.base(), ResponseCode::HANDLE | ResponseCode::VALUE);
    let is_ours = || error.object().is_some_and(|(handle, _)| handle.is_transient() || is_session(handle));
    match code.part() {
        _ if code.is_lost_reference() => true,
        Some(Part::Handle(_)) => is_wrong && is_ours(),
        Some(Part::Session(_)) => is_wrong,
        _ => false,
    }
}

/// Returns true if another object is at the handle, so that no password was wrong: after a reset, handles are assigned anew.
fn is_other_object(error: &Error, connection: &mut Connection) -> bool {
    let Some((handle, Some(expected))) = error.object() else { return false };
    // An NV index survives every reset.
    if handle.is_nv() {
        return false;
    }
    match read_public(connection, handle) {
        Ok((_, found)) => found != *expected,
        Err(_) => true,
    }
}

/// Returns true if the TPM answers so when the parent is another one than expected: it was evicted, its salt has another form, or the
/// session has another key. Other answers are no reason to read the parents again.
fn may_be_other_parent(code: ResponseCode) -> bool {
    matches!(
        code.base(),
        ResponseCode::AUTH_FAIL
            | ResponseCode::BAD_AUTH
            | ResponseCode::HANDLE
            | ResponseCode::KEY
            | ResponseCode::SIZE
            | ResponseCode::VALUE
    )
}

/// Returns true if a known persistent parent was evicted or replaced.
fn has_other_parent(connection: &mut Connection) -> bool {
    let known: Vec<_> = connection.parents.persistent().collect();
    known.into_iter().any(|(handle, name)| match read_public(connection, handle) {
        Ok((_, found)) => found != name,
        Err(error) => error.base_code() == Some(ResponseCode::HANDLE),
    })
}
