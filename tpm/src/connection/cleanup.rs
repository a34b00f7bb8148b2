//! Letting go: of everything at the end, of what is provably ours after a reset, of all without a word in a forked child.

use keyfile::CommandCode;

use super::{Connection, KnownParents};
use super::{Slot, Transient};
use crate::command::context::flush;
use crate::command::object::read_public;
use crate::command::startup::startup;
use crate::command::{Command, Executor};
use crate::error::{Error, ErrorKind};
use crate::rc::ResponseCode;
use crate::session::{Authorization, Session, Use};
use crate::transport::Closed;

/// What may still be in the TPM, although nothing relies on it any more.
#[derive(Default)]
pub(crate) struct Cleanup {
    slots: Vec<Slot>,
    sessions: Vec<Session>,
    policies: Vec<Session>,
}

impl Connection {
    /// Flushes everything; what fails stays behind, for nothing more can be done.
    pub(crate) fn flush_all(&mut self) {
        // Where others use the TPM too, it may have been reset unseen.
        if self.rules.shared {
            return self.release_ours();
        }
        let _ = self.clear();
        for transient in self.slots.transients() {
            let _ = self.evict(transient);
        }
        let _ = self.drop_session();
        let _ = self.drop_policy();
    }

    /// Whether something of ours may still be in the TPM when the connection is closed; the kernel clears it away itself.
    pub(crate) fn leaves_something(&self) -> bool {
        let unflushed = self.slots.len() > 0 || self.session.is_some() || self.policy.is_some();
        !self.rules.kernel && (unflushed || !self.cleanup.is_empty())
    }

    /// Flushes what is provably ours, and forgets the rest: after a reset the handles may be somebody else's. What cannot be asked
    /// after, because the connection broke, is left to the next operation.
    pub(crate) fn release_ours(&mut self) {
        let cleanup = self.take_cleanup();
        self.cleanup.add(cleanup);
        self.parents = KnownParents::default();
        let _ = self.clear();
    }

    /// Flushes one object whose user is gone, at a time when the TPM may have been reset unseen.
    pub(crate) fn release(&mut self, transient: Transient) {
        if !self.rules.shared {
            let _ = self.evict(transient);
        } else if let Some(slot) = self.slots.remove_slot(transient) {
            self.cleanup.slots.push(slot);
            let _ = self.clear();
        }
    }

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
                Err(error) if error.kind() == ErrorKind::Io => return Err(error),
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

    /// Whether it is still there. A broken connection says nothing about that.
    fn is_ours(&mut self, slot: &Slot) -> Result<bool, Error> {
        match read_public(self, slot.handle) {
            Ok((_, name)) => Ok(name == slot.name),
            Err(error) if error.kind() == ErrorKind::Io => Err(error),
            Err(_) => Ok(false),
        }
    }

    /// Startup(CLEAR) after a reset. If somebody was faster, or there was no reset, what is ours may still be there.
    pub(crate) fn start_again(&mut self) -> Result<(), Error> {
        match startup(self) {
            Err(error) if error.base_code() == Some(ResponseCode::INITIALIZE) => {
                self.release_ours();
                Ok(())
            }
            started => {
                self.forget_all();
                started
            }
        }
    }

    /// Closes the connection, and keeps in mind what it may have left in the TPM until there is another.
    pub(crate) fn disconnect(&mut self) {
        self.executor = Executor::new(Box::new(Closed));
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

    /// Forgets everything without a word: the TPM was reset, or the connection is another process's.
    pub(crate) fn forget_all(&mut self) {
        drop(self.take_cleanup());
        self.parents = KnownParents::default();
    }

    /// Gives the connection up in a forked child.
    pub(crate) fn forget(mut self) {
        self.forget_all();
        self.executor.into_transport().forget();
    }

    /// GetRandom within the session, which is let go with it.
    fn end_session(&mut self, session: &mut Session) -> Result<(), Error> {
        let command =
            Command { code: CommandCode::GET_RANDOM, handles: &[], parameters: &[0, 8], makes_handle: false };
        let how = Use { auth: &[], decrypt: false, encrypt: true, keep: false };
        let mut area = vec![Authorization::Session(session, how)];
        self.executor.run(&command, Some(&mut area), &mut self.slots).map(drop)
    }
}

impl Cleanup {
    fn is_empty(&self) -> bool {
        self.slots.is_empty() && self.sessions.is_empty() && self.policies.is_empty()
    }

    fn add(&mut self, other: Self) {
        self.slots.extend(other.slots);
        self.sessions.extend(other.sessions);
        self.policies.extend(other.policies);
    }
}
