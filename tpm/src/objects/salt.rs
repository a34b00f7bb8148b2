//! Chooses the salt key of a session, so that only the holder of its private half can read the traffic (TPM 2.0 Part 1 §19.6.4).

use keyfile::{Attributes, Public};

use super::Parent;
use crate::connection::{Connection, Transient};
use crate::error::{Error, ErrorKind};
use crate::session::{Session, Starting};
use crypto::salt::supports;

/// The attributes of a storage key whose private half was made in this TPM and never leaves it. An imported key has an owner who
/// knows its private half.
const TRUSTWORTHY: Attributes =
    Attributes::MADE_IN_TPM.union(Attributes::RESTRICTED).union(Attributes::DECRYPT);

impl Connection {
    /// Opens a session unless one is open, salted to the key's parent if possible, otherwise to the null primary key.
    pub(crate) fn open_session(&mut self, parent: Option<(usize, &Parent)>) -> Result<(), Error> {
        if self.rules.unprotected || self.has_session() {
            return Ok(());
        }
        self.session = Some(self.start_salted(parent, Starting::salted)?);
        Ok(())
    }

    /// Starts a session with a suitable salt key.
    pub(crate) fn start_salted(
        &mut self,
        parent: Option<(usize, &Parent)>,
        starting: impl FnOnce(&Public) -> Result<Starting, Error>,
    ) -> Result<Session, Error> {
        let (number, parent) = match parent {
            Some((number, parent)) if self.can_be_salt_key(number)? => (number, parent),
            _ => {
                let (number, other) = self.null_or_pinned_salt()?;
                return self.start_with(number, &other, starting);
            }
        };
        self.start_with(number, parent, starting)
    }

    fn start_with(
        &mut self,
        number: usize,
        parent: &Parent,
        starting: impl FnOnce(&Public) -> Result<Starting, Error>,
    ) -> Result<Session, Error> {
        let key = self.load_parent(number, parent)?;
        let starting = starting(self.parent_public(number)?.0)?;
        starting.start(self, key)
    }

    /// Opens a session to prove the password of a hierarchy. It must be salted to the null primary key.
    pub(crate) fn open_session_for(&mut self, parent: &Parent) -> Result<(), Error> {
        let secret = !parent.hierarchy_auth().is_empty();
        if !parent.is_derived() || !(secret || self.needs_authentic_session(parent)?) {
            return Ok(());
        }
        match self.open_session(None) {
            // The user may have pinned this primary key.
            Err(error) if !secret && error.kind() == ErrorKind::Integrity => return Ok(()),
            opened => opened?,
        }
        // One session serves all commands, so its salt key is not needed again.
        match self.parents.null_primary().filter(|_| self.rules.keep.is_none()) {
            Some(null) => self.evict(Transient::Parent(null)),
            None => Ok(()),
        }
    }

    /// Returns true if a session may be salted to this parent.
    pub(crate) fn can_be_salt_key(&self, number: usize) -> Result<bool, Error> {
        let (public, name) = self.parent_public(number)?;
        let pinned = self.rules.salt_name.as_ref();
        Ok(is_trustworthy(public) && supports(public) && pinned.is_none_or(|pinned| pinned == name))
    }
}

fn is_trustworthy(public: &Public) -> bool {
    public.attributes.contains(TRUSTWORTHY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Storage;

    #[test]
    fn an_imported_storage_key_is_not_used_as_salt_key() {
        assert!(is_trustworthy(&Storage::P256.template()) && is_trustworthy(&Storage::Rsa2048.template()));
        for missing in [
            Attributes::FIXED_TPM,
            Attributes::FIXED_PARENT,
            Attributes::SENSITIVE_DATA_ORIGIN,
            Attributes::RESTRICTED,
            Attributes::DECRYPT,
        ] {
            let mut public = Storage::P256.template();
            public.attributes = public.attributes.without(missing);
            assert!(!is_trustworthy(&public), "{missing}");
        }
    }
}
