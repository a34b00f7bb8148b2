//! The beginning and the end of an operation on the connection.

use super::Connection;
use crate::error::Error;
use crate::session::Session;

impl Connection {
    /// Begins an operation: flushes what an earlier operation could not, because the connection broke.
    #[inline(never)]
    pub(crate) fn begin(&mut self) -> Result<(), Error> {
        self.slots.unpin_all();
        self.flush_leftovers()?;
        while let Some(temporary) = self.slots.temporary() {
            self.evict(temporary)?;
        }
        if self.session.as_ref().is_some_and(Session::is_distrusted) {
            self.drop_session()?;
        }
        if self.policy.as_ref().is_some_and(Session::is_distrusted) {
            self.drop_policy()?;
        }
        Ok(())
    }

    /// Ends an operation: flushes sessions that must not outlive it, and the leftovers of a failure. What fails is left to the next
    /// operation.
    #[inline(never)]
    pub(crate) fn finish(&mut self) {
        self.slots.unpin_all();
        let _ = self.flush_leftovers();
        if self.session.as_ref().is_some_and(|session| self.rules.must_end(session)) {
            let _ = self.drop_session();
        }
        if self.policy.as_ref().is_some_and(|policy| self.rules.policy_must_end(policy)) {
            let _ = self.drop_policy();
        }
    }
}
