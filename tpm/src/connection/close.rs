//! Letting go: of everything at the end, of what is provably ours after a reset, of all without a word in a forked child.

use super::{Connection, KnownParents, Transient};
use crate::command::startup::startup;
use crate::error::Error;
use crate::rc::ResponseCode;
use crate::transport::Closed;

impl Connection {
    /// Flushes everything; over a new connection, if this one breaks. What fails then stays behind, for nothing more can be done.
    pub(crate) fn flush_all(&mut self) {
        if self.try_flush_all().is_err() {
            let _ = self.reconnect();
        }
    }

    fn try_flush_all(&mut self) -> Result<(), Error> {
        // Where others use the TPM too, it may have been reset unseen.
        if self.rules.shared {
            return self.try_flush_own_objects();
        }
        self.flush_leftovers()?;
        for transient in self.slots.transients() {
            self.evict(transient)?;
        }
        self.drop_session()?;
        self.drop_policy()?;
        // What the TPM said is not there.
        self.flush_leftovers()
    }

    /// Opens the connection again, and clears away what the old one has left in the TPM.
    pub(crate) fn reconnect(&mut self) -> Result<(), Error> {
        // Many a way to the TPM takes one connection at a time.
        self.disconnect();
        let transport = (self.opener)(self.executor.deadline())?;
        self.executor.replace_transport(transport);
        let left = self.take_cleanup();
        self.forget_all();
        self.must_reconnect = false;
        self.flush_after_reconnect(left);
        Ok(())
    }

    /// Whether only a new connection lets go of everything.
    pub(crate) fn must_reconnect(&self) -> bool {
        self.must_reconnect
    }

    /// Whether something of ours may still be in the TPM when the connection is closed; the kernel clears it away itself.
    pub(crate) fn has_leftovers(&self) -> bool {
        let unflushed = self.slots.len() > 0 || self.session.is_some() || self.policy.is_some();
        !self.rules.kernel && (unflushed || !self.cleanup.is_empty())
    }

    /// Flushes what is provably ours, and forgets the rest: after a reset the handles may be somebody else's. What cannot be asked
    /// after, because the connection broke, is left to the next operation.
    pub(crate) fn flush_own_objects(&mut self) {
        let _ = self.try_flush_own_objects();
    }

    fn try_flush_own_objects(&mut self) -> Result<(), Error> {
        let cleanup = self.take_cleanup();
        self.cleanup.add(cleanup);
        self.parents = KnownParents::default();
        self.flush_leftovers()
    }

    /// Flushes one object whose user is gone, at a time when the TPM may have been reset unseen.
    pub(crate) fn flush_freed_object(&mut self, transient: Transient) {
        if !self.rules.shared {
            let _ = self.evict(transient);
        } else if let Some(slot) = self.slots.remove(transient) {
            self.cleanup.slots.push(slot);
            let _ = self.flush_leftovers();
        }
    }

    /// Startup(CLEAR) after a reset. If somebody was faster, or there was no reset, what is ours may still be there.
    pub(crate) fn startup_again(&mut self) -> Result<(), Error> {
        match startup(self) {
            Err(error) if error.base_code() == Some(ResponseCode::INITIALIZE) => {
                self.flush_own_objects();
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
        self.executor.replace_transport(Box::new(Closed));
    }

    /// Forgets everything without a word: the TPM was reset, or the connection is another process's.
    pub(crate) fn forget_all(&mut self) {
        drop(self.take_cleanup());
        self.entities.clear();
        self.parents = KnownParents::default();
    }

    /// Gives the connection up in a forked child.
    pub(crate) fn forget(mut self) {
        self.forget_all();
        self.executor.into_transport().forget();
    }
}
