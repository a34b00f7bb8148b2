//! A parent at work: its password, tried only where a wrong one does no harm, and what its refusal says.

use keyfile::{Attributes, Handle, Name, Public};
use zeroize::Zeroizing;

use crate::auth::Auth;
use crate::command::object::{self, Creation, Loaded};
use crate::command::{Entity, Guarded, Protect, duplication};
use crate::connection::Connection;
use crate::crypto::wrap::Duplicate;
use crate::error::{Error, ErrorKind};
use crate::objects::Parent;
use crate::rc::{Place, ResponseCode};
use crate::template::under_parent::under;

/// What a command names, and its authValue.
struct ReadyParent {
    handle: Handle,
    name: Name,
    auth: Zeroizing<Vec<u8>>,
}

impl ReadyParent {
    fn guarded(&self) -> Guarded<'_> {
        Guarded { entity: Entity::named(self.handle, &self.name), auth: &self.auth }
    }
}

impl Connection {
    /// A parent, and a session that is salted to it if it can be.
    pub(crate) fn parent_in_session(&mut self, parent: &Parent) -> Result<usize, Error> {
        let number = self.parent(parent)?;
        self.open_session_under(number, parent)?;
        Ok(number)
    }

    /// The same for a parent that is known.
    pub(crate) fn open_session_under(&mut self, number: usize, parent: &Parent) -> Result<(), Error> {
        if !self.rules.unprotected && !self.has_session() {
            self.admit_salt(number, parent)?;
        }
        self.open_session(Some((number, parent)))
    }

    /// Before a session is salted to the parent, if it can be.
    pub(crate) fn admit_salt(&mut self, number: usize, parent: &Parent) -> Result<(), Error> {
        if self.is_salt(number)? { self.admit(number, parent) } else { Ok(()) }
    }

    /// Create under a parent that is known.
    pub(crate) fn create_under(
        &mut self,
        number: usize,
        parent: &Parent,
        (template, auth, data): (&Public, &[u8], &[u8]),
        protect: Protect,
    ) -> Result<Creation, Error> {
        let ready = self.ready_parent(number, parent)?;
        self.make_room_for_child(number, parent)?;
        let template = under(self.parent_public(number)?.0, template);
        object::create(self, &ready.guarded(), &template, auth, data, protect)
            .map_err(|error| self.parent_refused(number, error, parent))
    }

    /// Import under a parent that is known.
    pub(crate) fn import_under(
        &mut self,
        number: usize,
        parent: &Parent,
        object: &Duplicate,
        protect: Protect,
    ) -> Result<Vec<u8>, Error> {
        let ready = self.ready_parent(number, parent)?;
        self.make_room_for_child(number, parent)?;
        duplication::import(self, &ready.guarded(), object, protect)
            .map_err(|error| self.import_refused(number, error, parent))
    }

    /// Load under a parent that is known.
    pub(crate) fn load_under(
        &mut self,
        number: usize,
        parent: &Parent,
        (private, public): (&[u8], &Public),
        protect: Protect,
    ) -> Result<Loaded, Error> {
        let ready = self.ready_parent(number, parent)?;
        self.make_room_for_child(number, parent)?;
        object::load(self, &ready.guarded(), private, public, protect)
            .map_err(|error| self.parent_refused(number, error, parent))
    }

    /// The parent ready for a command. A primary that we derive has no password of its own.
    fn ready_parent(&mut self, number: usize, parent: &Parent) -> Result<ReadyParent, Error> {
        self.admit(number, parent)?;
        let (public, name) = self.parent_public(number)?;
        let (hash, name) = (public.name_alg, name.clone());
        let auth = parent.auth.as_ref().filter(|_| !parent.is_derived());
        let auth = auth.map(|auth| auth.as_value(hash)).unwrap_or_default();
        Ok(ReadyParent { handle: self.load_parent(number, parent)?, name, auth })
    }

    /// Before a use of a parent's password that may be wrong.
    fn admit(&mut self, number: usize, parent: &Parent) -> Result<(), Error> {
        let known = self.parents.get(number)?;
        if parent.is_derived() {
            return Ok(());
        }
        let auth = parent.auth.as_ref();
        let spared = known.spared.as_ref().is_some_and(|spared| Auth::are_same(spared.as_ref(), auth));
        let protected = !known.public.attributes.contains(Attributes::NO_DA);
        if protected && Auth::is_doubtful(auth) && !spared {
            self.guard_last_try(auth).map_err(|error| error.on(format_args!("parent {}", parent.handle)))?;
            if let Some(known) = self.parents.get_mut(number) {
                known.spared = Some(parent.auth.clone());
            }
        }
        Ok(())
    }

    /// What a refusal says; a password that was wrong once is looked at again before its next try.
    fn parent_refused(&mut self, number: usize, error: Error, parent: &Parent) -> Error {
        if let Some(known) = self.parents.get_mut(number) {
            known.spared = None;
        }
        // The template gives a primary that is derived the empty password.
        match parent.is_derived() && error.kind() == ErrorKind::Authorization {
            true => error.refused_nothing(format_args!("the storage key of {}", parent.handle)),
            false => parent.explain(error),
        }
    }

    /// The same of an import: the duplicate and its seed (parameters 3 and 4 of TPM2_Import) are for one parent only.
    fn import_refused(&mut self, number: usize, error: Error, parent: &Parent) -> Error {
        match error.code().and_then(ResponseCode::place) {
            Some(Place::Parameter(3 | 4)) => error.advise(Parent::FOREIGN),
            _ => self.parent_refused(number, error, parent),
        }
    }
}
