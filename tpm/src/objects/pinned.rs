//! The salt key that the user has pinned (`salt-name`). Answers outside a session that is salted to it are not trusted.

use keyfile::{Handle, Name};

use super::Parent;
use crate::command::capability::{PERSISTENT, handles};
use crate::command::object::read_public;
use crate::command::{Protect, Run};
use crate::connection::{Connection, Transient};
use crate::error::{Error, ErrorKind};
use crate::rc::ResponseCode;
use crate::template::Storage;

impl Connection {
    /// Returns the null primary key, or the pinned salt key, which is persistent or the owner's storage key.
    pub(super) fn null_or_pinned_salt(&mut self) -> Result<(usize, Parent), Error> {
        let (number, null) = self.null_primary()?;
        if self.can_be_salt_key(number)? {
            return Ok((number, null));
        }
        let refusal = pin_mismatch(self.parent_public(number)?.1);
        let Some(wanted) = self.rules.salt_name.clone() else { return Err(refusal) };
        for handle in handles(self, PERSISTENT)? {
            if read_public(self, handle).is_ok_and(|(_, name)| name == wanted) {
                let parent = Parent { handle, storage: Storage::P256, auth: None };
                let number = self.parent(&parent)?;
                return if self.can_be_salt_key(number)? { Ok((number, parent)) } else { Err(refusal) };
            }
        }
        self.owner_salt(&wanted)?.ok_or(refusal)
    }

    /// Returns the P-256 primary key of the null hierarchy, or the RSA-2048 one if the TPM lacks ECC.
    fn null_primary(&mut self) -> Result<(usize, Parent), Error> {
        let rsa = Parent { storage: Storage::Rsa2048, ..Parent::NULL };
        if let (None, None, Some(number)) = (
            &self.rules.salt_name,
            self.parents.find(Handle::NULL, Storage::P256),
            self.parents.find(Handle::NULL, Storage::Rsa2048),
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

    /// Returns the owner's storage key if it is the pinned one: its Name proves that. If the owner hierarchy has a password, the key
    /// is not derived.
    fn owner_salt(&mut self, wanted: &Name) -> Result<Option<(usize, Parent)>, Error> {
        let owner = Parent { handle: Handle::OWNER, storage: Storage::P256, auth: None };
        if let Some(number) = self.parents.find(owner.handle, owner.storage) {
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

    /// Returns true if a primary key must be derived in a session, because another salt key is pinned.
    pub(super) fn needs_authentic_session(&self, parent: &Parent) -> Result<bool, Error> {
        if self.rules.salt_name.is_none() || parent.handle == Handle::NULL {
            return Ok(false);
        }
        match self.parents.find(parent.handle, parent.storage) {
            Some(number) => Ok(!self.can_be_salt_key(number)?),
            None => Ok(true),
        }
    }

    /// Returns the protection for deriving a primary key: its answer is authenticated if a salt key is pinned.
    pub(crate) fn protection_of_primary(&self, parent: &Parent, auth: &[u8]) -> Protect {
        let pinned = self.rules.salt_name.is_some() && parent.handle != Handle::NULL && self.is_authentic();
        if pinned || !auth.is_empty() { Protect::SESSION } else { Protect::NONE }
    }

    /// Checks a parent if a salt key is pinned: it must be that key, or read in a session that is salted to that key. The null
    /// primary key is exempt; it is checked before every session.
    pub(crate) fn check_pinned(&self, parent: &Parent, found: &Name) -> Result<(), Error> {
        match &self.rules.salt_name {
            Some(wanted)
                if parent.handle != Handle::NULL
                    && wanted != found
                    && !self.rules.unprotected
                    && !self.is_authentic() =>
            {
                let null = self.parents.null_primary();
                let null = null.and_then(|number| self.parents.get(number).ok()).map(|known| &known.name);
                Err(pin_mismatch(null.unwrap_or(found)))
            }
            _ => Ok(()),
        }
    }
}

fn pin_mismatch(found: &Name) -> Error {
    Error::new(ErrorKind::Integrity, format!("no key of the TPM has the Name in salt-name; its null primary key is {found}"))
        .advise("each restart changes the null primary key: update salt-name, or, without a restart, check the TPM's bus")
}
