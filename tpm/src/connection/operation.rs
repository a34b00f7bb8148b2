//! The begin and the end of one operation, as far as the connection is concerned.

use super::Connection;
use crate::error::Error;
use crate::session::Session;

impl Connection {
    /// Begins an operation: what an earlier one could not let go of, because the connection broke, goes now.
    pub(crate) fn begin(&mut self) -> Result<(), Error> {
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

    /// Ends an operation: a session that should not outlive it is flushed, if its last command has not ended it, and so is what a failure
    /// has left. What fails is left to the next one.
    pub(crate) fn finish(&mut self) {
        let _ = self.flush_leftovers();
        if self.session.as_ref().is_some_and(|session| self.rules.must_end(session)) {
            let _ = self.drop_session();
        }
        if self.policy.as_ref().is_some_and(|policy| self.rules.policy_must_end(policy)) {
            let _ = self.drop_policy();
        }
    }
}
