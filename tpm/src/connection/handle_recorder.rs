//! Records the handles of new objects and sessions. An HMAC does not cover the handle in an answer (Part 1 §18.7), and no other
//! answer repeats it.

use keyfile::{CommandCode, Handle};

use super::lost::{Lost, is_session};
use super::{Cleanup, KnownParents, Slots};
use crate::command::{Command, Response};
use crate::error::{Error, ErrorKind};
use crate::session::Session;

/// What a connection knows to be in the TPM before the answer.
pub(super) struct HandleRecorder<'a> {
    pub(super) slots: &'a mut Slots,
    pub(super) sessions: [&'a Option<Session>; 2],
    pub(super) cleanup: &'a mut Cleanup,
    pub(super) parents: &'a KnownParents,
    pub(super) shared: bool,
}

impl HandleRecorder<'_> {
    /// Records what was made or may have been made: after a damaged answer, both are possible.
    pub(super) fn record<'r>(
        self,
        command: &Command<'_>,
        result: Result<Response<'r>, Error>,
    ) -> Result<Response<'r>, Error> {
        if !command.makes_handle {
            return result;
        }
        let lost = || Lost::of(command, || self.parents.names().cloned().collect());
        match &result {
            Ok(response) if self.is_possible(command, response.handle) => {
                if self.shared {
                    // What is recorded at this handle was removed by an unnoticed reset.
                    self.slots.forget(response.handle);
                }
                self.cleanup.forget(response.handle);
                self.cleanup.made.push((response.handle, lost()));
                result
            }
            Ok(response) => {
                self.cleanup.lost.push(lost());
                let text = format!(
                    "the handle in the answer to {} was damaged in transit: {}",
                    command.code, response.handle
                );
                Err(Error::new(ErrorKind::Io, text))
            }
            Err(error) => {
                if (error.kind() == ErrorKind::Io || error.code().is_none()) && !error.is_not_sent() {
                    self.cleanup.lost.push(lost());
                }
                result
            }
        }
    }

    /// Returns true if a new object or session can be at the handle.
    fn is_possible(&self, command: &Command<'_>, handle: Handle) -> bool {
        let right_kind = match command.code {
            CommandCode::START_AUTH_SESSION => is_session(handle),
            _ => handle.is_transient(),
        };
        right_kind && (self.shared || !is_known(handle, self.slots, self.sessions, self.cleanup))
    }
}

/// Returns true if one of our objects or sessions is at the handle.
pub(super) fn is_known(
    handle: Handle,
    slots: &Slots,
    sessions: [&Option<Session>; 2],
    cleanup: &Cleanup,
) -> bool {
    let live = sessions.into_iter().flatten().filter(|session| !session.has_ended());
    let sessions = live.map(|session| session.handle);
    slots.handles().chain(sessions).chain(cleanup.handles()).any(|known| known == handle)
}
