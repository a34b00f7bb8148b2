//! What may still be in the TPM, although nothing relies on it any more: it is asked after, and flushed if it is provably ours.

use keyfile::{CommandCode, Handle};

use super::lost::Lost;
use super::{Connection, Slot};
use crate::command::Command;
use crate::command::context::{Flushed, means_absent};
use crate::command::object::read_public;
use crate::error::Error;
use crate::session::{Authorization, Session, Use};

/// What may still be in the TPM, although nothing relies on it any more.
#[derive(Default)]
pub(crate) struct Cleanup {
    pub(super) slots: Vec<Slot>,
    pub(super) sessions: Vec<Session>,
    pub(super) policies: Vec<Session>,
    /// What the TPM would not flush, and has nothing to prove itself by.
    pub(super) refused: Vec<(Handle, Lost)>,
    /// What is at handles that nobody knows.
    pub(super) lost: Vec<Lost>,
    /// What was made, and what it was to be, until an answer was verified since.
    pub(super) made: Vec<(Handle, Lost)>,
}

/// What became of an object that was asked after.
enum Presence {
    Present,
    Absent,
    /// The answer does not say.
    Unknown,
}

impl Connection {
    /// Flushes what was left, as far as it is provably ours. Only a broken connection is a failure; what else cannot be flushed now is
    /// left to the next time.
    pub(crate) fn flush_leftovers(&mut self) -> Result<(), Error> {
        if self.cleanup.is_empty() {
            return Ok(());
        }
        let mut left = std::mem::take(&mut self.cleanup);
        let cleared = self.flush_cleanup(&mut left);
        self.cleanup.add(left);
        cleared?;
        self.search()
    }

    /// All is asked after before anything is flushed: an object that is still there speaks for the sessions, should this have to be
    /// done again.
    fn flush_cleanup(&mut self, left: &mut Cleanup) -> Result<(), Error> {
        let mut unknown = Vec::new();
        let asked = self.check_presence(left, &mut unknown);
        let was_reset = left.slots.is_empty();
        let cleared = asked.and_then(|()| self.end_cleanup_sessions(left, was_reset)).and_then(|was_reset| {
            // Where others use the TPM, its handles may be theirs by now.
            left.refused.retain(|_| !(was_reset && self.rules.shared));
            let slots = left.slots.drain(..).map(|slot| (slot.handle, Lost::Object(vec![slot.name])));
            left.refused.extend(slots);
            self.flush_refused(left)
        });
        left.slots.append(&mut unknown);
        cleared
    }

    /// Leaves in `left.slots` what is still there and ours.
    fn check_presence(&mut self, left: &mut Cleanup, unknown: &mut Vec<Slot>) -> Result<(), Error> {
        let mut ours = Vec::new();
        let mut asked = Ok(());
        while let Some(slot) = left.slots.pop() {
            match self.presence(&slot) {
                Ok(Presence::Present) => ours.push(slot),
                // The answer that told of it may have been damaged.
                Ok(Presence::Absent) => left.add_lost(slot),
                Ok(Presence::Unknown) => unknown.push(slot),
                Err(error) => {
                    left.slots.push(slot);
                    asked = Err(error);
                    break;
                }
            }
        }
        left.slots.append(&mut ours);
        asked
    }

    /// A session proves itself by an HMAC; the command that asks for it ends it. One whose last answer was lost cannot, for its nonce has
    /// changed; but where our objects are still there, no reset has given its handle to somebody else. Tells whether there may have
    /// been one.
    fn end_cleanup_sessions(&mut self, left: &mut Cleanup, mut was_reset: bool) -> Result<bool, Error> {
        while let Some(mut session) = left.sessions.pop() {
            if session.has_ended() {
                continue;
            }
            match self.end_session(&mut session) {
                Ok(()) => was_reset = false,
                Err(error) if error.is_without_answer() => {
                    left.sessions.push(session);
                    return Err(error);
                }
                Err(_) if was_reset => left.lost.push(Lost::Session),
                Err(_) => self.flush_or_keep(session.handle, Lost::Session, left)?,
            }
        }
        while let Some(policy) = left.policies.pop() {
            match (policy.has_ended(), was_reset) {
                (true, _) => {}
                // It has nothing to prove itself by.
                (false, true) => left.lost.push(Lost::Session),
                (false, false) => self.flush_or_keep(policy.handle, Lost::Session, left)?,
            }
        }
        Ok(was_reset)
    }

    fn flush_refused(&mut self, left: &mut Cleanup) -> Result<(), Error> {
        let mut all = std::mem::take(&mut left.refused);
        while let Some((handle, what)) = all.pop() {
            if let Err(error) = self.flush_or_keep(handle, what, left) {
                left.refused.append(&mut all);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Flushes something; what the TPM would not flush stays in `left`, or what is not there where it should be.
    fn flush_or_keep(&mut self, handle: Handle, what: Lost, left: &mut Cleanup) -> Result<(), Error> {
        match self.flush_context(handle) {
            Ok(Flushed::Done) => {}
            Ok(Flushed::Absent) => left.lost.push(what),
            Err(error) => {
                left.refused.push((handle, what));
                if error.is_without_answer() {
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Whether it is still there. A broken connection says nothing about that, nor does a TPM that has no time.
    fn presence(&mut self, slot: &Slot) -> Result<Presence, Error> {
        match read_public(self, slot.handle) {
            Ok((_, name)) if name == slot.name => Ok(Presence::Present),
            Ok(_) => Ok(Presence::Absent),
            Err(error) if error.is_without_answer() => Err(error),
            Err(error) if error.code().is_some_and(means_absent) => Ok(Presence::Absent),
            Err(_) => Ok(Presence::Unknown),
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
    pub(crate) fn flush_after_reconnect(&mut self, cleanup: Cleanup) {
        if !self.rules.kernel {
            self.cleanup.add(cleanup);
            let _ = self.flush_leftovers();
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
        self.slots.is_empty()
            && self.sessions.is_empty()
            && self.policies.is_empty()
            && self.refused.is_empty()
            && self.lost.is_empty()
    }

    pub(super) fn add(&mut self, other: Self) {
        self.slots.extend(other.slots);
        self.sessions.extend(other.sessions);
        self.policies.extend(other.policies);
        self.refused.extend(other.refused);
        self.lost.extend(other.lost);
        self.made.extend(other.made);
    }

    /// It is not where it should be.
    pub(super) fn add_lost(&mut self, slot: Slot) {
        let lost = self.take_made(slot.handle).unwrap_or_else(|| Lost::Object(vec![slot.name]));
        self.lost.push(lost);
    }

    /// What was to be at this handle, if no answer was verified since.
    pub(super) fn take_made(&mut self, handle: Handle) -> Option<Lost> {
        let at = self.made.iter().position(|(made, _)| *made == handle)?;
        Some(self.made.swap_remove(at).1)
    }

    /// Where what is known is.
    pub(super) fn handles(&self) -> impl Iterator<Item = Handle> {
        let sessions = self.sessions.iter().chain(&self.policies).map(|session| session.handle);
        let slots = self.slots.iter().map(|slot| slot.handle);
        slots.chain(sessions).chain(self.refused.iter().map(|(handle, _)| *handle))
    }
}
