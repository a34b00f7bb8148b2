//! Uses parents: proves their passwords only where that is safe, and explains refusals.

use keyfile::{Attributes, Handle, Name, Public};
use zeroize::Zeroizing;

use super::Attempt;
use crate::auth::Auth;
use crate::command::object::{self, Creation, Loaded};
use crate::command::{Entity, Guarded, Protect, duplication};
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};
use crate::objects::Parent;
use crate::rc::{Part, ResponseCode};
use crate::template::under_parent::for_parent;
use crypto::wrap::Duplicate;

/// A parent that a command can name, and its authValue.
struct ReadyParent {
    handle: Handle,
    name: Name,
    auth: Zeroizing<Vec<u8>>,
    /// None for a derived parent, which has no password of its own.
    attempt: Option<Attempt>,
}

impl ReadyParent {
    fn guarded(&self) -> Guarded<'_> {
        Guarded { entity: Entity::named(self.handle, &self.name), auth: &self.auth }
    }
}

impl Connection {
    /// Returns the parent's number and opens a session, salted to the parent if possible.
    pub(crate) fn parent_in_session(&mut self, parent: &Parent) -> Result<usize, Error> {
        let number = self.authorized_parent(parent)?;
        // A password that is known to be refused needs no session.
        if let Some(attempt) = self.attempt_on(number, parent)? {
            self.check_not_refused(&attempt).map_err(|error| refused(error, parent))?;
        }
        self.open_session_under(number, parent)?;
        Ok(number)
    }

    /// Opens a session for a child of this known parent.
    pub(crate) fn open_session_under(&mut self, number: usize, parent: &Parent) -> Result<(), Error> {
        if self.rules.unprotected || self.has_session() {
            return Ok(());
        }
        match self.can_be_salt_key(number)? {
            true => {
                self.with_derivation(parent, |connection| connection.open_session(Some((number, parent))))
            }
            false => self.open_session(Some((number, parent))),
        }
    }

    /// Creates an object under a known parent.
    pub(crate) fn create_under(
        &mut self,
        number: usize,
        parent: &Parent,
        (template, auth, data): (&Public, &[u8], &[u8]),
        protect: Protect,
    ) -> Result<Creation, Error> {
        let ready = self.ready_parent(number, parent)?;
        let template = for_parent(self.parent_public(number)?.0, template);
        self.prove_parent(&ready, |connection| {
            object::create(connection, &ready.guarded(), &template, auth, data, protect)
        })
        .map_err(|error| refused(error, parent))
    }

    /// Imports an object under a known parent.
    pub(crate) fn import_under(
        &mut self,
        number: usize,
        parent: &Parent,
        object: &Duplicate,
        protect: Protect,
    ) -> Result<Vec<u8>, Error> {
        let ready = self.ready_parent(number, parent)?;
        self.prove_parent(&ready, |connection| {
            duplication::import(connection, &ready.guarded(), object, protect)
        })
        .map_err(|error| import_refused(error, parent))
    }

    /// Loads an object under a known parent.
    pub(crate) fn load_under(
        &mut self,
        number: usize,
        parent: &Parent,
        (private, public): (&[u8], &Public),
        protect: Protect,
    ) -> Result<Loaded, Error> {
        let ready = self.ready_parent(number, parent)?;
        self.prove_parent(&ready, |connection| {
            object::load(connection, &ready.guarded(), private, public, protect)
        })
        .map_err(|error| refused(error, parent))
    }

    /// Returns the handle and the Name of a parent, for a command on its loaded child that does not use the parent's password.
    pub(crate) fn parent_of_child(&mut self, parent: &Parent) -> Result<(Handle, Name), Error> {
        let number = self.authorized_parent(parent)?;
        let handle = self.with_derivation(parent, |connection| connection.load_parent(number, parent))?;
        Ok((handle, self.parent_public(number)?.1.clone()))
    }

    /// Prepares the parent for a command that makes an object, and frees a slot for that object.
    fn ready_parent(&mut self, number: usize, parent: &Parent) -> Result<ReadyParent, Error> {
        let attempt = self.attempt_on(number, parent)?;
        let (public, name) = self.parent_public(number)?;
        let (auth, name) = (own_value(parent, public), name.clone());
        let handle = self.with_derivation(parent, |connection| connection.load_parent(number, parent))?;
        self.free_slots_for_child(number, parent)?;
        Ok(ReadyParent { handle, name, auth, attempt })
    }

    /// Runs `work` with the parent's own password, if it has one.
    fn prove_parent<T>(
        &mut self,
        ready: &ReadyParent,
        work: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match &ready.attempt {
            Some(attempt) => self.prove(attempt, work),
            None => work(self),
        }
    }

    fn attempt_on(&self, number: usize, parent: &Parent) -> Result<Option<Attempt>, Error> {
        if parent.is_derived() {
            return Ok(None);
        }
        let (public, name) = self.parent_public(number)?;
        let counts = !public.attributes.contains(Attributes::NO_DA);
        let attempt = Attempt::of_named(&self.rules.tpm, name, &own_value(parent, public))?;
        Ok(Some(attempt.counting_failures(counts).at_handle(parent.handle)))
    }
}

/// Returns the authValue of a parent. A derived primary key has an empty one.
fn own_value(parent: &Parent, public: &Public) -> Zeroizing<Vec<u8>> {
    let auth = parent.auth.as_ref().filter(|_| !parent.is_derived());
    auth.map(|auth: &Auth| auth.as_value(public.name_alg)).unwrap_or_default()
}

/// Explains a refusal. A derived primary key has the empty password from its template, so a refusal cannot be a wrong password.
fn refused(error: Error, parent: &Parent) -> Error {
    match parent.is_derived() && error.kind() == ErrorKind::Authorization {
        true => error.empty_password_refused(format_args!("the storage key of {}", parent.handle)),
        false => parent.explain(error),
    }
}

/// Explains a refused import: the duplicate and its seed (parameters 3 and 4 of TPM2_Import) fit one parent only.
fn import_refused(error: Error, parent: &Parent) -> Error {
    match error.code().and_then(ResponseCode::part) {
        Some(Part::Parameter(3 | 4)) => error.advise(parent.wrong_parent_advice()),
        _ => refused(error, parent),
    }
}
