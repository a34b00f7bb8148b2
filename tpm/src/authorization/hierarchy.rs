//! Hierarchy passwords: they are proven when a primary key is derived.

use keyfile::Handle;

use super::Attempt;
use crate::connection::Connection;
use crate::error::Error;
use crate::objects::Parent;

impl Connection {
    /// Runs `work`, which uses the password of a hierarchy, unless that password is known to be refused.
    pub(crate) fn prove_hierarchy<T>(
        &mut self,
        hierarchy: Handle,
        value: &[u8],
        work: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let attempt = Attempt::of_hierarchy(&self.rules.tpm, hierarchy, value)?;
        self.prove(&attempt, work)
    }

    /// Returns the parent's number, as `parent` does. If the parent must be derived, this proves the password of its hierarchy.
    pub(crate) fn authorized_parent(&mut self, parent: &Parent) -> Result<usize, Error> {
        if parent.is_derived() && self.parents.find(parent.handle, parent.storage).is_none() {
            let attempt = Attempt::of_hierarchy(&self.rules.tpm, parent.handle, &parent.hierarchy_auth())?;
            self.check_not_refused(&attempt).map_err(|error| parent.explain(error))?;
            // This may derive the same parent as salt key, without the hierarchy's password.
            self.open_session_for(parent)?;
        }
        self.with_derivation(parent, |connection| connection.parent(parent))
    }

    /// Runs `work`, which needs a derived parent loaded and may therefore derive it.
    pub(super) fn with_derivation<T>(
        &mut self,
        parent: &Parent,
        work: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if parent.handle.hierarchy() == Some(Handle::NULL) || !self.must_derive(parent) {
            return work(self);
        }
        let value = parent.hierarchy_auth();
        self.prove_hierarchy(parent.handle, &value, work).map_err(|error| parent.explain(error))
    }
}
