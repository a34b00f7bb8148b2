//! The salt key that the user has named (`salt-name`), and what is not believed without it.

use keyfile::{Handle, Name};

use super::Parent;
use crate::command::capability::{PERSISTENT, handles};
use crate::command::object::read_public;
use crate::command::{Protect, Run};
use crate::connection::{Connection, Transient};
use crate::error::{Error, ErrorKind};
use crate::rc::ResponseCode;

impl Connection {
    /// The null primary; or the key that the user has named, which is persistent or the owner's storage key.
    pub(super) fn null_or_pinned_salt(&mut self) -> Result<(usize, Parent), Error> {
        let (number, null) = self.null_primary()?;
        if self.can_be_salt_key(number)? {
            return Ok((number, null));
        }
        let refusal = pin_mismatch(self.parent_public(number)?.1);
        let Some(wanted) = self.rules.salt_name.clone() else { return Err(refusal) };
        for handle in handles(self, PERSISTENT)? {
            if read_public(self, handle).is_ok_and(|(_, name)| name == wanted) {
                let parent = Parent { handle, rsa: false, auth: None };
                let number = self.parent(&parent)?;
                return if self.can_be_salt_key(number)? { Ok((number, parent)) } else { Err(refusal) };
            }
        }
        self.owner_salt(&wanted)?.ok_or(refusal)
    }

    /// The P-256 primary of the null hierarchy; or the RSA-2048 one, where the TPM has no ECC.
    fn null_primary(&mut self) -> Result<(usize, Parent), Error> {
        let rsa = Parent { rsa: true, ..Parent::NULL };
        if let (None, None, Some(number)) = (
            &self.rules.salt_name,
            self.parents.find(Handle::NULL, false),
            self.parents.find(Handle::NULL, true),
        ) {
            return Ok((number, rsa));
        }
        match self.parent(&Parent::NULL) {
            Err(error) if matches!(error.base_code(), Some(ResponseCode::TYPE | ResponseCode::CURVE)) => {
                Ok((self.parent(&rsa)?, rsa))
            }
            number => Ok((number?, Parent::NULL)),
        }
    }

    /// The owner's storage key, if it is the one that the user has named: its Name is the proof. An owner with a password is not asked for it.
    fn owner_salt(&mut self, wanted: &Name) -> Result<Option<(usize, Parent)>, Error> {
        let owner = Parent { handle: Handle::OWNER, rsa: false, auth: None };
        if let Some(number) = self.parents.find(owner.handle, owner.rsa) {
            return Ok(self.can_be_salt_key(number)?.then_some((number, owner)));
        }
        let number = self.parents.next();
        match self.derive(&owner, number) {
            Ok((public, name)) if name == *wanted => {
                self.remember(&owner, public, name);
                Ok(self.can_be_salt_key(number)?.then_some((number, owner)))
            }
            Ok(_) => self.evict(Transient::Parent(number)).map(|()| None),
            Err(error) if error.kind() == ErrorKind::Io => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// Whether a primary is to be derived in a session, because the user has named the salt key, and it is another.
    pub(super) fn needs_authentic_session(&self, parent: &Parent) -> Result<bool, Error> {
        if self.rules.salt_name.is_none() || parent.handle == Handle::NULL {
            return Ok(false);
        }
        match self.parents.find(parent.handle, parent.rsa) {
            Some(number) => Ok(!self.can_be_salt_key(number)?),
            None => Ok(true),
        }
    }

    /// In which session a primary is derived: its answer is authentic where the user has named the salt key.
    pub(crate) fn protection_of_primary(&self, parent: &Parent, auth: &[u8]) -> Protect {
        let pinned = self.rules.salt_name.is_some() && parent.handle != Handle::NULL && self.is_authentic();
        if pinned || !auth.is_empty() { Protect::SESSION } else { Protect::NONE }
    }

    /// Where the user has named the salt key, a parent is that key, or was read in a session that is salted to it. The null primary is
    /// looked at before every session.
    pub(crate) fn check_pinned(&self, parent: &Parent, found: &Name) -> Result<(), Error> {
        match &self.rules.salt_name {
            Some(wanted)
                if parent.handle != Handle::NULL
                    && wanted != found
                    && !self.rules.unprotected
                    && !self.is_authentic() =>
            {
                let null = self.parents.find(Handle::NULL, false).or(self.parents.find(Handle::NULL, true));
                let null = null.and_then(|number| self.parents.get(number).ok()).map(|known| &known.name);
                Err(pin_mismatch(null.unwrap_or(found)))
            }
            _ => Ok(()),
        }
    }
}

fn pin_mismatch(found: &Name) -> Error {
    Error::new(ErrorKind::Integrity, format!("no key of the TPM has the Name that salt-name demands; its null primary is {found}"))
        .advise("after a restart the null primary is another: update salt-name, unless somebody sits between this program and the TPM")
}
