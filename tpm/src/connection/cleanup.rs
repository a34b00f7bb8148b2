//! Flushes objects and sessions that may still be in the TPM although nothing uses them. Each is identified before it is flushed.

use keyfile::Handle;

use super::lost::Lost;
use super::{Connection, Slot};
use crate::command::context::{Flushed, means_absent};
use crate::command::object::read_public;
use crate::command::random::get_random;
use crate::error::Error;
use crate::session::{Authorization, Session, Use};

/// Objects and sessions that may still be in the TPM although nothing uses them.
#[derive(Default)]
pub(crate) struct Cleanup {
    pub(super) slots: Vec<Slot>,
    pub(super) sessions: Vec<Session>,
    pub(super) policies: Vec<Session>,
    /// What the TPM has not flushed and what cannot be identified.
    pub(super) refused: Vec<(Handle, Lost)>,
    /// What is loaded at unknown handles.
    pub(super) lost: Vec<Lost>,
    /// What commands have made, with its expected identity, until an answer is verified.
    pub(super) made: Vec<(Handle, Lost)>,
    /// How often it was tried to flush these.
    passes: u8,
}

/// How often something is looked for that seems to be absent in a TPM that other processes use, too. A response code proves nothing,
/// and one operation makes up to three passes: two to begin again, and one at its end.
const PASSES: u8 = 4;

/// The state of an object that was read again.
enum Presence {
    Present,
    Absent,
    /// The answer does not show it.
    Unknown,
}

impl Connection {
    /// Flushes the leftovers that are identified as ours. Only a broken connection is an error; other failures are left to the next
    /// time.
    pub(crate) fn flush_leftovers(&mut self) -> Result<(), Error> {
        if self.cleanup.is_empty() {
            self.cleanup.passes = 0;
            return Ok(());
        }
        let mut left = std::mem::take(&mut self.cleanup);
        left.passes = left.passes.saturating_add(1);
        let mut kept = Cleanup::default();
        let cleared = self.flush_cleanup(&mut left, &mut kept);
        left.add(kept);
        if left.is_empty() {
            left.passes = 0;
        }
        self.cleanup.add(left);
        cleared?;
        self.search()
    }

    /// Flushes the leftovers in `left`, and moves to `kept` what is to be identified again next time. Everything is read before anything
    /// is flushed: if this has to be repeated, an object that is still present proves that there was no reset.
    fn flush_cleanup(&mut self, left: &mut Cleanup, kept: &mut Cleanup) -> Result<(), Error> {
        // Without other processes, a search finds what seems to be absent.
        let is_sure = !self.rules.shared || left.passes >= PASSES;
        self.check_presence(left, kept, is_sure)?;
        let was_reset = self.end_cleanup_sessions(left, kept, is_sure)?;
        // First, because an object that is present proves that there was no reset.
        self.flush_refused(left, kept, was_reset, is_sure)?;
        self.flush_present(left, kept, is_sure)
    }

    /// Leaves in `left.slots` the objects that are still present and ours.
    fn check_presence(&mut self, left: &mut Cleanup, kept: &mut Cleanup, is_sure: bool) -> Result<(), Error> {
        let mut ours = Vec::new();
        let mut asked = Ok(());
        while let Some(slot) = left.slots.pop() {
            match self.presence(&slot) {
                Ok(Presence::Present) => ours.push(slot),
                // The answer with its handle may have been damaged.
                Ok(Presence::Absent) if is_sure => left.add_lost(slot),
                Ok(Presence::Absent | Presence::Unknown) => kept.slots.push(slot),
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

    /// Ends the sessions. A session is identified by its HMAC, and the command that checks it ends it. After a lost answer the nonce
    /// has changed and the check fails; but if our objects are still present, there was no reset, and the handle is still ours.
    /// Returns true if there may have been a reset.
    fn end_cleanup_sessions(
        &mut self,
        left: &mut Cleanup,
        kept: &mut Cleanup,
        is_sure: bool,
    ) -> Result<bool, Error> {
        let mut was_reset = left.slots.is_empty();
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
                Err(_) if was_reset && is_sure => left.lost.push(Lost::Session),
                Err(_) if was_reset => kept.sessions.push(session),
                Err(_) => self.flush_or_keep(session.handle, Lost::Session, left)?,
            }
        }
        while let Some(policy) = left.policies.pop() {
            match was_reset {
                _ if policy.has_ended() => {}
                // It cannot be identified.
                true if is_sure => left.lost.push(Lost::Session),
                true => kept.policies.push(policy),
                false => self.flush_or_keep(policy.handle, Lost::Session, left)?,
            }
        }
        Ok(was_reset)
    }

    /// Flushes the objects that are still ours. If that fails, they are identified again next time.
    fn flush_present(&mut self, left: &mut Cleanup, kept: &mut Cleanup, is_sure: bool) -> Result<(), Error> {
        while let Some(slot) = left.slots.pop() {
            match self.flush_context(slot.handle) {
                Ok(Flushed::Done) => {}
                Ok(Flushed::Absent) if is_sure => left.add_lost(slot),
                Ok(Flushed::Absent) => kept.slots.push(slot),
                Err(error) => {
                    kept.slots.push(slot);
                    if error.is_without_answer() {
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }

    /// Flushes what the TPM has refused to flush. If there may have been a reset, other processes that use the TPM may own these handles
    /// now.
    fn flush_refused(
        &mut self,
        left: &mut Cleanup,
        kept: &mut Cleanup,
        was_reset: bool,
        is_sure: bool,
    ) -> Result<(), Error> {
        let mut all = std::mem::take(&mut left.refused);
        if was_reset && self.rules.shared {
            kept.refused.extend(all.into_iter().filter(|_| !is_sure));
            return Ok(());
        }
        while let Some((handle, what)) = all.pop() {
            if let Err(error) = self.flush_or_keep(handle, what, left) {
                left.refused.append(&mut all);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Flushes an object or session. If the TPM does not flush it, it stays in `left`; if it is absent, it is lost.
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

    /// Reads the object again. A broken connection or a busy TPM shows nothing about it.
    fn presence(&mut self, slot: &Slot) -> Result<Presence, Error> {
        match read_public(self, slot.handle) {
            Ok((_, name)) if name == slot.name => Ok(Presence::Present),
            Ok(_) => Ok(Presence::Absent),
            Err(error) if error.is_without_answer() => Err(error),
            Err(error) if error.code().is_some_and(means_absent) => Ok(Presence::Absent),
            Err(_) => Ok(Presence::Unknown),
        }
    }

    /// Takes what a broken connection may have left in the TPM. Nothing uses it any more.
    pub(crate) fn take_cleanup(&mut self) -> Cleanup {
        let mut cleanup = std::mem::take(&mut self.cleanup);
        cleanup.slots.extend(self.slots.drain());
        cleanup.sessions.extend(self.session.take());
        cleanup.policies.extend(self.policy.take());
        cleanup
    }

    /// Flushes the leftovers of an earlier connection. The kernel's resource manager has done that already.
    pub(crate) fn flush_after_reconnect(&mut self, cleanup: Cleanup) {
        if !self.rules.kernel {
            self.cleanup.add(cleanup);
            let _ = self.flush_leftovers();
        }
    }

    /// Runs GetRandom in the session, which ends with this command.
    fn end_session(&mut self, session: &mut Session) -> Result<(), Error> {
        let how = Use { auth: &[], decrypt: false, encrypt: true, audit: false, keep: false };
        let mut area = vec![Authorization::Session(session, how)];
        self.executor.run(&get_random(&[0, 8]), Some(&mut area), &mut self.slots).map(drop)
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
        self.passes = self.passes.max(other.passes);
    }

    /// Records that an object is not at its handle.
    pub(super) fn add_lost(&mut self, slot: Slot) {
        let lost = self.take_made(slot.handle).unwrap_or_else(|| Lost::Object(vec![slot.name]));
        self.lost.push(lost);
    }

    /// Removes what was at this handle: the TPM has assigned it anew.
    pub(super) fn forget(&mut self, handle: Handle) {
        self.slots.retain(|slot| slot.handle != handle);
        self.sessions.retain(|session| session.handle != handle);
        self.policies.retain(|policy| policy.handle != handle);
        self.refused.retain(|(refused, _)| *refused != handle);
        self.made.retain(|(made, _)| *made != handle);
    }

    /// Removes and returns the object that was expected at this handle, unless an answer was verified since.
    pub(super) fn take_made(&mut self, handle: Handle) -> Option<Lost> {
        let at = self.made.iter().position(|(made, _)| *made == handle)?;
        Some(self.made.swap_remove(at).1)
    }

    /// Returns the handles of everything that is known.
    pub(super) fn handles(&self) -> impl Iterator<Item = Handle> {
        let sessions = self.sessions.iter().chain(&self.policies).map(|session| session.handle);
        let slots = self.slots.iter().map(|slot| slot.handle);
        slots.chain(sessions).chain(self.refused.iter().map(|(handle, _)| *handle))
    }
}
