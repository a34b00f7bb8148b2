//! What may still be in the TPM, although nothing relies on it any more: it is asked after, and flushed if it is provably ours.

use keyfile::CommandCode;

use super::{Connection, Slot};
use crate::command::Command;
use crate::command::context::flush;
use crate::command::object::read_public;
use crate::error::Error;
use crate::session::{Authorization, Session, Use};

/// What may still be in the TPM, although nothing relies on it any more.
#[derive(Default)]
pub(crate) struct Cleanup {
    pub(super) slots: Vec<Slot>,
    sessions: Vec<Session>,
    policies: Vec<Session>,
}

impl Connection {
    /// Flushes what was left, as far as it is provably ours.
    pub(crate) fn clear(&mut self) -> Result<(), Error> {
        let mut left = std::mem::take(&mut self.cleanup);
        let cleared = self.clear_of(&mut left);
        self.cleanup.add(left);
        cleared
    }

    /// All is asked after before anything is flushed: an object that is still there speaks for the sessions, should this have to be
    /// done again.
    fn clear_of(&mut self, left: &mut Cleanup) -> Result<(), Error> {
        let mut failure = None;
        left.slots.retain(|slot| {
            failure.is_some()
                || self.is_ours(slot).unwrap_or_else(|error| {
                    failure = Some(error);
                    true
                })
        });
        if let Some(failure) = failure {
            return Err(failure);
        }
        let mut was_reset = left.slots.is_empty();
        left.sessions.retain(|session| !session.has_ended());
        while let Some(session) = left.sessions.last_mut() {
            // A session proves itself by an HMAC; the command that asks for it ends it. One whose last answer was lost cannot, for
            // its nonce has changed; but where our objects are still there, no reset has given its handle to somebody else.
            match self.end_session(session) {
                Ok(()) => was_reset = false,
                Err(error) if error.is_no_answer() => return Err(error),
                Err(_) if !was_reset => drop(flush(self.executor.transport(), session.handle)?),
                Err(_) => {}
            }
            left.sessions.pop();
        }
        // A policy session has nothing to prove itself by.
        left.policies.retain(|policy| !was_reset && !policy.has_ended());
        while let Some(policy) = left.policies.last() {
            flush(self.executor.transport(), policy.handle)?;
            left.policies.pop();
        }
        while let Some(slot) = left.slots.last() {
            flush(self.executor.transport(), slot.handle)?;
            left.slots.pop();
        }
        Ok(())
    }

    /// Whether it is still there. A broken connection says nothing about that, nor does a TPM that has no time.
    fn is_ours(&mut self, slot: &Slot) -> Result<bool, Error> {
        match read_public(self, slot.handle) {
            Ok((_, name)) => Ok(name == slot.name),
            Err(error) if error.is_no_answer() => Err(error),
            Err(_) => Ok(false),
        }
    }

    /// What a broken connection may have left in the TPM; nothing relies on it now.
    pub(crate) fn take_cleanup(&mut self) -> Cleanup {
        let mut cleanup = std::mem::take(&mut self.cleanup);
        cleanup.slots.extend(self.slots.drain());
        cleanup.sessions.extend(self.session.take());
        cleanup.policies.extend(self.policy.take());
        cleanup
    }

    /// Clears it away on a new connection; the kernel has done that itself.
    pub(crate) fn clear_away(&mut self, cleanup: Cleanup) {
        if !self.rules.kernel {
            self.cleanup.add(cleanup);
            let _ = self.clear();
        }
    }

    /// GetRandom within the session, which is let go with it.
    fn end_session(&mut self, session: &mut Session) -> Result<(), Error> {
        let command =
            Command { code: CommandCode::GET_RANDOM, handles: &[], parameters: &[0, 8], makes_handle: false };
        let how = Use { auth: &[], decrypt: false, encrypt: true, audit: false, keep: false };
        let mut area = vec![Authorization::Session(session, how)];
        self.executor.run(&command, Some(&mut area), &mut self.slots).map(drop)
    }
}

impl Cleanup {
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty() && self.sessions.is_empty() && self.policies.is_empty()
    }

    pub(super) fn add(&mut self, other: Self) {
        self.slots.extend(other.slots);
        self.sessions.extend(other.sessions);
        self.policies.extend(other.policies);
    }
}
