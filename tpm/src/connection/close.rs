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
            return self.try_release_ours();
        }
        self.clear()?;
        for transient in self.slots.transients() {
            self.evict(transient)?;
        }
        self.drop_session()?;
        self.drop_policy()?;
        // What the TPM said is not there.
        self.clear()
    }

    /// Opens the connection again, and clears away what the old one has left in the TPM.
    pub(crate) fn reconnect(&mut self) -> Result<(), Error> {
        // Many a way to the TPM takes one connection at a time.
        self.disconnect();
        let transport = (self.opener)(self.executor.deadline())?;
        self.executor.renew(transport);
        let left = self.take_cleanup();
        self.forget_all();
        self.spoiled = false;
        self.clear_away(left);
        Ok(())
    }

    /// Whether only a new connection lets go of everything.
    pub(crate) fn is_spoiled(&self) -> bool {
        self.spoiled
    }

    /// Whether something of ours may still be in the TPM when the connection is closed; the kernel clears it away itself.
    pub(crate) fn leaves_something(&self) -> bool {
        let unflushed = self.slots.len() > 0 || self.session.is_some() || self.policy.is_some();
        !self.rules.kernel && (unflushed || !self.cleanup.is_empty())
    }

    /// Flushes what is provably ours, and forgets the rest: after a reset the handles may be somebody else's. What cannot be asked
    /// after, because the connection broke, is left to the next operation.
    pub(crate) fn release_ours(&mut self) {
        let _ = self.try_release_ours();
    }

    fn try_release_ours(&mut self) -> Result<(), Error> {
        let cleanup = self.take_cleanup();
        self.cleanup.add(cleanup);
        self.parents = KnownParents::default();
        self.clear()
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
        self.executor.renew(Box::new(Closed));
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
