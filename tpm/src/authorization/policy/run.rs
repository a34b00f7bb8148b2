//! Satisfies a policy and uses what it guards: every way that the file knows, and the first that passes.

use keyfile::{KeyFile, Ticket};

use super::refusal;
use super::step::Way;
use super::tried::Tried;
use crate::auth::Auth;
use crate::authorization::Attempt;
use crate::connection::{Connection, Transient};
use crate::error::{Error, ErrorKind};
use crate::objects::{Cache, Parent};

/// A file whose policy is to be satisfied.
pub(crate) struct Runner<'a> {
    pub(crate) file: &'a KeyFile,
    pub(crate) parent: &'a Parent,
    pub(crate) transient: Transient,
    /// The password, which is the key's or that of the entity in a PolicySecret.
    pub(crate) password: Option<&'a Auth>,
    /// What is known of it as the key's own.
    pub(crate) attempt: &'a Attempt,
    pub(crate) tickets: &'a Cache<Ticket>,
}

impl Runner<'_> {
    /// Runs the statements of each way, then `then`, until that succeeds. `then` learns whether the key's password is part of the
    /// authorization. The HMAC session is open already.
    pub(crate) fn run<T>(
        &self,
        connection: &mut Connection,
        mut then: impl FnMut(&mut Connection, bool) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.open(connection)?;
        // The salt key has done its work.
        connection.settle(&[self.transient])?;
        self.ways(connection, &mut then)
    }

    /// What is known before anything is loaded: an error when no way can pass.
    pub(crate) fn foresee(&self, connection: &mut Connection) -> Result<(), Error> {
        let mut tried = Tried::default();
        for way in Way::all(self.file) {
            match self.admit(connection, &way) {
                Ok(()) => return Ok(()),
                Err(error) => tried.note(error, &way),
            }
        }
        Err(tried.error())
    }

    /// What is known of one way: that a statement is none for us, that a password is missing or was refused before.
    fn admit(&self, connection: &mut Connection, way: &Way<'_>) -> Result<(), Error> {
        if let Some(error) = way.steps.iter().find_map(|step| step.condition().err()) {
            return Err(error);
        }
        if self.password.is_none() && !self.file.empty_auth && way.asks_for_password() {
            return Err(missing(way));
        }
        if way.asks_for_auth_value() {
            connection.admit(self.attempt).map_err(|error| self.of_key(error))?;
        }
        way.steps.iter().try_for_each(|step| match step.secret() {
            Some(secret) => connection
                .admit_secret(secret, self.password)
                .map_err(|error| refusal::of_statement(self.of_entity(error), step)),
            None => Ok(()),
        })
    }

    fn of_key(&self, error: Error) -> Error {
        match self.password {
            Some(_) => error.advise("the password of the key is wrong"),
            None => error.of_kind(ErrorKind::PasswordMissing),
        }
    }

    pub(super) fn of_entity(&self, error: Error) -> Error {
        match (error.kind(), self.password) {
            (ErrorKind::Authorization, None) => error.of_kind(ErrorKind::PasswordMissing),
            _ => error,
        }
    }

    /// Opens the session that will authorize. At a time when the parent is loaded, its salt costs nothing.
    pub(crate) fn open(&self, connection: &mut Connection) -> Result<(), Error> {
        let hash = self.file.public.name_alg;
        let proves = self.password.is_some() && Way::all(self.file).any(|way| way.asks_for_auth_value());
        if !proves || connection.rules.unprotected {
            return connection.open_policy(hash);
        }
        let number = connection.authorized_parent(self.parent)?;
        connection.open_salted_policy(hash, (number, self.parent))
    }

    fn ways<T>(
        &self,
        connection: &mut Connection,
        then: &mut dyn FnMut(&mut Connection, bool) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut tried = Tried::default();
        let mut dirty = false;
        for way in Way::all(self.file) {
            if tried.has_refused(&way) {
                continue;
            }
            if let Err(error) = self.admit(connection, &way) {
                tried.note(error, &way);
                continue;
            }
            if std::mem::replace(&mut dirty, true) {
                self.begin_again(connection)?;
            }
            match self.way(connection, &way, then) {
                Err(error) if goes_on(&error) => tried.note(error, &way),
                done => return done,
            }
        }
        Err(tried.error())
    }

    /// Empties the policy session for another way, or for the same once more. Where a command in the sessions has failed, they may be
    /// out of step with the TPM, and that would pass for a wrong password.
    pub(super) fn begin_again(&self, connection: &mut Connection) -> Result<(), Error> {
        if !connection.policy_session()?.is_distrusted() {
            return connection.restart_policy();
        }
        let protected = connection.has_session();
        connection.drop_session()?;
        connection.drop_policy()?;
        if protected {
            connection.parent_in_session(self.parent)?;
        }
        self.open(connection)?;
        connection.settle(&[self.transient])
    }
}

/// Whether another way may pass where this one has failed.
fn goes_on(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Policy | ErrorKind::Authorization | ErrorKind::PasswordMissing => true,
        // A statement. What the TPM cannot do with the key, it cannot do by any way.
        ErrorKind::Unsupported => !error.policy_failures().is_empty(),
        // One of our own: what asks for no password may pass.
        ErrorKind::Lockout => error.code().is_none() && !error.is_being_tried(),
        _ => false,
    }
}

fn missing(way: &Way<'_>) -> Error {
    let who = way.signed.as_ref().map_or_else(|| "the policy of the key".to_owned(), ToString::to_string);
    Error::new(ErrorKind::PasswordMissing, format!("{who} asks for a password, and none was given"))
        .advise("give the password, for instance with -passin")
}
