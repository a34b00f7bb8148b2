//! Closes connections: flushes everything at the end, only what is identified as ours after a reset, and nothing in a forked child.

use super::{Connection, KnownParents, Transient};
use crate::command::startup::startup;
use crate::error::Error;
use crate::rc::ResponseCode;
use crate::transport::Closed;

impl Connection {
    /// Flushes everything, over a new connection if this one breaks. What cannot be flushed then stays loaded.
    pub(crate) fn flush_all(&mut self) {
        if self.try_flush_all().is_err() {
            let _ = self.reconnect();
        }
    }

    fn try_flush_all(&mut self) -> Result<(), Error> {
        // If other processes use the TPM, it may have been reset unnoticed.
        if self.rules.shared {
            return self.try_flush_own_objects();
        }
        self.flush_leftovers()?;
        for transient in self.slots.transients() {
            self.evict(transient)?;
        }
        self.drop_session()?;
        self.drop_policy()?;
        // Flushes what the TPM has reported as absent.
        self.flush_leftovers()
    }

    /// Opens the connection again and flushes what the old one has left in the TPM.
    pub(crate) fn reconnect(&mut self) -> Result<(), Error> {
        // Many transports allow only one connection at a time.
        self.disconnect();
        let transport = (self.opener)(self.executor.deadline())?;
        self.executor.replace_transport(transport);
        let left = self.take_cleanup();
        self.forget_all();
        self.rules.copies.forget();
        self.must_reconnect = false;
        self.flush_after_reconnect(left);
        Ok(())
    }

    /// Returns true if lost objects can only be removed by a new connection.
    pub(crate) fn must_reconnect(&self) -> bool {
        self.must_reconnect
    }

    /// Returns true if our objects may still be in the TPM when the connection is closed. The kernel's resource manager removes them
    /// itself.
    pub(crate) fn has_leftovers(&self) -> bool {
        let unflushed = self.slots.len() > 0 || self.session.is_some() || self.policy.is_some();
        !self.rules.kernel && (unflushed || !self.cleanup.is_empty())
    }

    /// Flushes what is identified as ours and forgets the rest: after a reset, the handles may belong to other processes. If the
    /// connection breaks meanwhile, the next operation continues.
    pub(crate) fn flush_own_objects(&mut self) {
        let _ = self.try_flush_own_objects();
    }

    fn try_flush_own_objects(&mut self) -> Result<(), Error> {
        let cleanup = self.take_cleanup();
        self.cleanup.add(cleanup);
        self.parents = KnownParents::default();
        self.flush_leftovers()
    }

    /// Flushes one object that has no user any more. The TPM may have been reset unnoticed.
    pub(crate) fn flush_freed_object(&mut self, transient: Transient) {
        if !self.rules.shared {
            let _ = self.evict(transient);
        } else if let Some(slot) = self.slots.remove(transient) {
            self.cleanup.slots.push(slot);
            let _ = self.flush_leftovers();
        }
    }

    /// Sends Startup(CLEAR) after a reset. If another process was faster or there was no reset, our objects may still be present.
    pub(crate) fn startup_again(&mut self) -> Result<(), Error> {
        match startup(self) {
            Err(error) if error.base_code() == Some(ResponseCode::INITIALIZE) => {
                self.flush_own_objects();
                Ok(())
            }
            started => {
                self.forget_all();
                self.rules.copies.forget();
                started
            }
        }
    }

    /// Closes the connection, and remembers what it may have left in the TPM.
    pub(crate) fn disconnect(&mut self) {
        self.executor.replace_transport(Box::new(Closed));
    }

    /// Forgets everything without a command: the TPM was reset, or the connection belongs to another process.
    pub(crate) fn forget_all(&mut self) {
        drop(self.take_cleanup());
        self.entities.clear();
        self.parents = KnownParents::default();
    }

    /// Drops the connection in a forked child.
    pub(crate) fn forget(mut self) {
        self.forget_all();
        self.executor.into_transport().forget();
    }
}
