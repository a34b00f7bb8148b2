//! What a failure says about the connection, and how to go on: a TPM reset, a restarted resource manager, a closed socket, other
//! processes in all slots. All of that is known by the answer only. Codes are not authenticated, so everything here is bounded.

use std::time::Duration;

use super::Connection;
use super::lost::is_session;
use crate::command::Backoff;
use crate::command::object::read_public;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind};
use crate::rc::{Part, ResponseCode};

/// How often an operation may begin again because the connection or the TPM was not what it had been: once for what was found stale,
/// and once for what happened meanwhile.
const TRIES: u8 = 2;

/// How often one operation may begin again, and why.
pub(crate) struct Retry {
    /// Whether the operation relies on nothing older than itself.
    fresh: bool,
    /// Whether it has connected once more already.
    reconnected: bool,
    tries: u8,
    slots: Backoff,
    deadline: Deadline,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remedy {
    /// Nothing helps.
    Report,
    /// The connection is broken.
    Reconnect,
    /// The TPM has lost what we relied on, or it is somebody else's by now.
    FlushOwn,
    /// The simulator was reset, and nobody starts it up for us.
    Startup,
    /// Other processes hold the slots.
    FreeSlots,
}

impl Retry {
    /// For an operation that finds a connection, or finds none.
    pub(crate) fn new(connected: bool, deadline: Deadline) -> Self {
        Self { fresh: !connected, reconnected: false, tries: TRIES, slots: Backoff::for_slots(), deadline }
    }

    /// Mends the connection after a failure, and says how long to wait before the operation begins again. The failure comes back
    /// when it must not.
    pub(crate) fn recover(
        &mut self,
        failure: Error,
        connection: &mut Option<Connection>,
    ) -> Result<Duration, Error> {
        let Some(connection) = connection.as_mut() else { return Err(failure) };
        connection.note_failure(&failure);
        let remedy = self.choose_remedy(&failure, connection);
        if remedy == Remedy::FreeSlots {
            // Whoever waits with something in hand waits for somebody who does the same.
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
            // What was saved, or the parent at a handle, belongs to the time before a reset.
            ResponseCode::INTEGRITY | ResponseCode::HANDLE if !self.fresh => Remedy::FlushOwn,
            ResponseCode::AUTH_FAIL | ResponseCode::BAD_AUTH if is_other_object(error, connection) => {
                Remedy::FlushOwn
            }
            _ => Remedy::Report,
        }
    }
}

/// Whether the command named an object or a session that is not there: it was lost in a reset, or its handle was damaged on the way to
/// us, and is perhaps not even one of an object any more.
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

/// After a reset handles are given out anew: then nobody's password was wrong, but the object is another's.
fn is_other_object(error: &Error, connection: &mut Connection) -> bool {
    let Some((handle, Some(expected))) = error.object() else { return false };
    // An NV index outlives every reset.
    if handle.is_nv() {
        return false;
    }
    match read_public(connection, handle) {
        Ok((_, found)) => found != *expected,
        Err(_) => true,
    }
}
