//! Satisfies a policy and uses the key: tries every path of the file until one passes.

use keyfile::{KeyFile, Ticket};

use super::failed_paths::FailedPaths;
use super::refusal;
use super::step::PolicyPath;
use crate::auth::Auth;
use crate::authorization::Attempt;
use crate::connection::{Connection, Transient};
use crate::error::{Error, ErrorKind};
use crate::objects::{Cache, Parent};

/// A key file whose policy is to be satisfied.
pub(crate) struct Runner<'a> {
    pub(crate) file: &'a KeyFile,
    pub(crate) parent: &'a Parent,
    pub(crate) transient: Transient,
    /// The password: the key's, or that of the entity in a PolicySecret.
    pub(crate) password: Option<&'a Auth>,
    /// The attempt to prove the password as the key's own.
    pub(crate) attempt: &'a Attempt,
    pub(crate) tickets: &'a Cache<Ticket>,
}

impl Runner<'_> {
    /// Runs the statements of each path, then `then`, until both succeed. The second argument of `then` is true if the key's password
    /// is part of the authorization. The HMAC session is already open.
    pub(crate) fn run<T>(
        &self,
        connection: &mut Connection,
        mut then: impl FnMut(&mut Connection, bool) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.open(connection)?;
        // The salt key is no longer needed.
        connection.trim_loaded(&[self.transient])?;
        self.run_paths(connection, &mut then)
    }

    /// Returns an error before anything is loaded if no path can pass.
    pub(crate) fn check_in_advance(&self, connection: &mut Connection) -> Result<(), Error> {
        let mut failed = FailedPaths::default();
        for path in PolicyPath::all(self.file) {
            match self.check_not_refused(connection, &path) {
                Ok(()) => return Ok(()),
                Err(error) => failed.note(error, &path),
            }
        }
        Err(failed.error())
    }

    /// Returns an error if a path is known to fail: a statement is unsupported, or a password is missing or was refused before.
    fn check_not_refused(&self, connection: &mut Connection, path: &PolicyPath<'_>) -> Result<(), Error> {
        if let Some(error) = path.steps.iter().find_map(|step| step.condition().err()) {
            return Err(error);
        }
        if self.password.is_none() && !self.file.empty_auth && path.asks_for_password() {
            return Err(password_missing(path));
        }
        if path.asks_for_auth_value() {
            connection.check_not_refused(self.attempt).map_err(|error| self.of_key(error))?;
        }
        path.steps.iter().try_for_each(|step| match step.secret() {
            Some(secret) => connection
                .check_secret_not_refused(secret, self.password)
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

    /// Opens the policy session. If the parent is loaded, salting it costs no command.
    pub(crate) fn open(&self, connection: &mut Connection) -> Result<(), Error> {
        let hash = self.file.public.name_alg;
        let proves =
            self.password.is_some() && PolicyPath::all(self.file).any(|path| path.asks_for_auth_value());
        if !proves || connection.rules.unprotected {
            return connection.open_policy(hash);
        }
        let parent = connection.copy_or_parent(self.parent)?;
        let number = connection.authorized_parent(&parent)?;
        connection.open_salted_policy(hash, (number, &parent))
    }

    fn run_paths<T>(
        &self,
        connection: &mut Connection,
        then: &mut dyn FnMut(&mut Connection, bool) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut failed = FailedPaths::default();
        let mut dirty = false;
        for path in PolicyPath::all(self.file) {
            if failed.would_be_refused(&path) {
                continue;
            }
            if let Err(error) = self.check_not_refused(connection, &path) {
                failed.note(error, &path);
                continue;
            }
            if std::mem::replace(&mut dirty, true) {
                self.restart(connection)?;
            }
            match self.run_path(connection, &path, then) {
                Err(error) if may_try_next_path(&error) => failed.note(error, &path),
                done => return done,
            }
        }
        Err(failed.error())
    }

    /// Empties the policy session for another path, or for another run of the same one. After a failed command the sessions may be
    /// out of step with the TPM, which would look like a wrong password; then both sessions are replaced.
    pub(super) fn restart(&self, connection: &mut Connection) -> Result<(), Error> {
        if !connection.policy_session()?.is_distrusted() {
            return connection.restart_policy();
        }
        let protected = connection.has_session();
        connection.drop_session()?;
        connection.drop_policy()?;
        if protected {
            let parent = connection.copy_or_parent(self.parent)?;
            connection.parent_in_session(&parent)?;
        }
        self.open(connection)?;
        connection.trim_loaded(&[self.transient])
    }
}

/// Returns true if another path may pass after this failure.
fn may_try_next_path(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Policy | ErrorKind::Authorization | ErrorKind::PasswordMissing => true,
        // The failure of a statement. If the TPM cannot do the operation itself, no other path helps.
        ErrorKind::Unsupported => !error.policy_failures().is_empty(),
        // Our own refusal to use the last try: a path without a password may still pass.
        ErrorKind::Lockout => error.code().is_none() && !error.is_being_tried(),
        _ => false,
    }
}

fn password_missing(path: &PolicyPath<'_>) -> Error {
    let who = path.signed.as_ref().map_or_else(|| "the policy of the key".to_owned(), ToString::to_string);
    Error::new(ErrorKind::PasswordMissing, format!("{who} requires a password, and none was given"))
        .advise("give the password, for instance with -passin")
}
