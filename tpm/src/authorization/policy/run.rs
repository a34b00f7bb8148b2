//! Satisfies a policy and uses what it guards: every way that the file knows, and the first that passes.

use keyfile::{KeyFile, Ticket};

use super::step::Way;
use super::tried::Tried;
use crate::auth::Auth;
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
    /// Whether it may be wrong, and counts then.
    pub(crate) doubtful: bool,
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

    /// Opens the session that will authorize. At a time when the parent is loaded, its salt costs nothing.
    pub(crate) fn open(&self, connection: &mut Connection) -> Result<(), Error> {
        let hash = self.file.public.name_alg;
        let proves = self.password.is_some() && Way::all(self.file).any(|way| way.asks_for_auth_value());
        if !proves || connection.rules.unprotected {
            return connection.open_policy(hash);
        }
        let number = connection.parent(self.parent)?;
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
            if let Some(error) = way.steps.iter().find_map(|step| step.condition().err()) {
                tried.errors.push(error);
                continue;
            }
            if self.password.is_none() && !self.file.empty_auth && way.asks_for_password() {
                tried.errors.push(missing(&way));
                continue;
            }
            if tried.has_refused(&way) {
                continue;
            }
            // Each who refuses it counts.
            if !tried.refused.is_empty() && way.asks_for_password() {
                match self.guard_last_try(connection) {
                    Err(error) if error.kind() == ErrorKind::Lockout => {
                        tried.errors.push(error);
                        continue;
                    }
                    spared => spared?,
                }
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

    /// Before the password is proven once more.
    pub(super) fn guard_last_try(&self, connection: &mut Connection) -> Result<(), Error> {
        if self.doubtful { connection.guard_last_try(self.password) } else { Ok(()) }
    }
}

/// Whether another way may pass where this one has failed.
fn goes_on(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Policy | ErrorKind::Authorization | ErrorKind::PasswordMissing | ErrorKind::Unsupported
    )
}

fn missing(way: &Way<'_>) -> Error {
    let who = way.signed.as_ref().map_or_else(|| "the policy of the key".to_owned(), ToString::to_string);
    Error::new(ErrorKind::PasswordMissing, format!("{who} asks for a password, and none was given"))
        .advise("give the password, for instance with -passin")
}
