//! One private operation: the key made ready, authorized and used, and whose failure it was.

use zeroize::Zeroizing;

use super::private::Purpose;
use super::{Answer, Inner, Key, Origin};
use crate::authorization::policy::Runner;
use crate::command::{Entity, Guarded, Protect};
use crate::connection::{Connection, Transient};
use crate::error::Error;

impl Key {
    /// Loads the key and does not use it: its password and its policy are not asked for.
    ///
    /// # Errors
    /// It is another TPM's or another parent's, the parent's password is wrong, or there is no TPM.
    pub fn load(&self) -> Result<(), Error> {
        let key = &*self.0;
        key.tpm
            .operate(|connection| key.ready(connection, false, None).map(drop))
            .map_err(|error| error.on(key))
    }

    /// Runs one private operation: loads the key if it must, opens a session if it must, and says which failure is whose.
    pub(super) fn operate<T>(
        &self,
        purpose: Purpose,
        run: impl FnMut(&mut Connection, &Guarded<'_>, Protect) -> Result<T, Error>,
    ) -> Result<Answer<T>, Error> {
        self.operate_with_end(purpose, run, |_, result| result)
    }

    /// The same to an `end` that makes something else of what came: the error of `run` as well.
    pub(super) fn operate_with_end<T, U>(
        &self,
        purpose: Purpose,
        mut run: impl FnMut(&mut Connection, &Guarded<'_>, Protect) -> Result<T, Error>,
        end: impl Fn(&mut Connection, Result<T, Error>) -> Result<U, Error>,
    ) -> Result<Answer<U>, Error> {
        let key = &*self.0;
        key.check_usable()?;
        key.check_not_refused()?;
        key.tpm
            .operate(|connection| {
                // Nothing secret crosses the bus, and the caller verifies what comes: so no session has to be started for it.
                let bare =
                    connection.rules.kernel && purpose == Purpose::Signature && key.needs_no_password();
                let value = key.authorized(connection, bare, &mut run);
                let value = end(connection, value);
                // A policy that was left half-way is of no use to the next one.
                let value = value.inspect_err(|_| drop(connection.drop_policy()))?;
                Ok(Answer { value, authenticated: !bare && !connection.rules.unprotected })
            })
            .map_err(|error| error.on(key))
    }
}

impl Inner {
    /// Gives `run` the key, authorized as its public area says: by its password, or by a policy.
    fn authorized<T>(
        &self,
        connection: &mut Connection,
        bare: bool,
        run: &mut impl FnMut(&mut Connection, &Guarded<'_>, Protect) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let protect = if bare { Protect::NONE } else { Protect::SESSION }.last();
        let runner = self.runner();
        let mut run = |connection: &mut Connection, auth: &[u8], protect| {
            let handle = self.ready(connection, bare, runner.as_ref())?;
            let guarded = Guarded { entity: Entity::named(handle, &self.name), auth };
            run(connection, &guarded, protect)
        };
        let Some(runner) = &runner else {
            return self.with_password(connection, |connection| run(connection, &self.auth_value(), protect));
        };
        runner.check_in_advance(connection)?;
        self.ready(connection, bare, Some(runner))?;
        runner.run(connection, |connection, with_auth_value| match with_auth_value {
            true => self.with_password(connection, |connection| {
                run(connection, &self.auth_value(), protect.by_policy())
            }),
            false => {
                let done = run(connection, &[], protect.by_policy());
                done.map_err(|error| self.refused(connection, error))
            }
        })
    }

    /// Runs what uses the key's own password, unless it is known to be refused.
    pub(super) fn with_password<T>(
        &self,
        connection: &mut Connection,
        work: impl FnOnce(&mut Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        connection.prove(&self.attempt, work).map_err(|error| self.refused(connection, error))
    }

    /// What the password stands for, for as long as an operation takes.
    pub(super) fn auth_value(&self) -> Zeroizing<Vec<u8>> {
        self.password.as_ref().map(|password| password.as_value(self.public.name_alg)).unwrap_or_default()
    }

    /// Whether no password is part of its authorization.
    fn needs_no_password(&self) -> bool {
        match &self.origin {
            Origin::File { file, .. } if file.uses_policy() => !file.asks_for_password(),
            _ => self.auth_value().is_empty(),
        }
    }

    /// What satisfies its policy, if it is used by one.
    fn runner(&self) -> Option<Runner<'_>> {
        match &self.origin {
            Origin::File { file, parent, .. } if file.uses_policy() => Some(Runner {
                file,
                parent,
                transient: Transient::Key(self.number),
                password: self.password.as_ref(),
                attempt: &self.attempt,
                tickets: self.tpm.tickets(),
            }),
            _ => None,
        }
    }
}
