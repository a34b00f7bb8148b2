//! Runs one private operation: loads, authorizes and uses the key, and explains its failures.

use zeroize::Zeroizing;

use super::private::Purpose;
use super::{Answer, Inner, Key, Origin};
use crate::authorization::policy::Runner;
use crate::command::{Entity, Guarded, Protect};
use crate::connection::{Connection, Transient};
use crate::error::Error;

impl Key {
    /// Loads the key without using it: neither its password nor its policy is needed.
    ///
    /// # Errors
    /// The key belongs to another TPM or parent, the parent's password is wrong, or there is no TPM.
    pub fn load(&self) -> Result<(), Error> {
        let key = &*self.0;
        key.tpm
            .operate(|connection| key.ready(connection, false, None).map(drop))
            .map_err(|error| error.on(key))
    }

    /// Runs one private operation: loads the key and opens a session if needed, and explains failures.
    pub(super) fn operate<T>(
        &self,
        purpose: Purpose,
        run: impl FnMut(&mut Connection, &Guarded<'_>, Protect) -> Result<T, Error>,
    ) -> Result<Answer<T>, Error> {
        self.operate_with_end(purpose, run, |_, result| result)
    }

    /// Runs one private operation, and then `end`, which converts the result of `run`, also an error.
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
                // Nothing secret is sent and the caller verifies the result, so no session is needed.
                let bare =
                    connection.rules.kernel && purpose == Purpose::Signature && key.needs_no_password();
                if (bare || connection.rules.unprotected) && key.is_loaded(connection) {
                    connection.put_away_parents()?;
                }
                let value = key.authorized(connection, bare, &mut run);
                let value = end(connection, value);
                // A partly satisfied policy session is useless for the next operation.
                let value = value.inspect_err(|_| drop(connection.drop_policy()))?;
                Ok(Answer { value, authenticated: !bare && !connection.rules.unprotected })
            })
            .map_err(|error| error.on(key))
    }
}

impl Inner {
    /// Calls `run` with the key, authorized as its public area demands: by password or by policy.
    pub(super) fn authorized<T>(
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

    /// Runs `work`, which uses the key's own password, unless that is known to be refused.
    pub(super) fn with_password<T>(
        &self,
        connection: &mut Connection,
        work: impl FnOnce(&mut Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        connection.prove(&self.attempt, work).map_err(|error| self.refused(connection, error))
    }

    /// Returns the authValue, which lives as long as the operation.
    pub(super) fn auth_value(&self) -> Zeroizing<Vec<u8>> {
        self.password.as_ref().map(|password| password.as_value(self.public.name_alg)).unwrap_or_default()
    }

    /// Returns true if no password is part of the authorization.
    pub(super) fn needs_no_password(&self) -> bool {
        match &self.origin {
            Origin::File { file, .. } if file.uses_policy() => !file.asks_for_password(),
            _ => self.auth_value().is_empty(),
        }
    }

    /// Returns the runner of its policy, if it is used by a policy.
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
