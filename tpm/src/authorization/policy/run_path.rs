//! Runs one path through a policy: its statements in order, then the use of the key.

use keyfile::policy::Condition;

use super::refusal;
use super::run::Runner;
use super::step::{PolicyPath, Step};
use crate::command::policy::policy_command;
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};

/// How often the statements run again because some PCR was extended meanwhile.
const RESTARTS: usize = 5;

impl Runner<'_> {
    pub(super) fn run_path<T>(
        &self,
        connection: &mut Connection,
        path: &PolicyPath<'_>,
        then: &mut dyn FnMut(&mut Connection, bool) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut restarts = 0..RESTARTS;
        loop {
            let result = match self.steps(connection, path) {
                Ok(()) => then(connection, path.asks_for_auth_value())
                    .map_err(|error| refusal::of_use(error, path, self.file)),
                Err(error) => Err(error),
            };
            match &result {
                Err(error) if refusal::has_pcr_changed(error) => {}
                Err(error) if has_entity_moved(connection, path, error) => {}
                _ => return result,
            }
            if restarts.next().is_none() {
                return result;
            }
            self.restart(connection)?;
        }
    }

    fn steps(&self, connection: &mut Connection, path: &PolicyPath<'_>) -> Result<(), Error> {
        path.steps.iter().enumerate().try_for_each(|(at, step)| {
            self.step(connection, path, at, step).map_err(|error| refusal::of_statement(error, step))
        })
    }

    fn step(
        &self,
        connection: &mut Connection,
        path: &PolicyPath<'_>,
        at: usize,
        step: &Step<'_>,
    ) -> Result<(), Error> {
        match step.condition()? {
            Condition::Secret(secret) => {
                connection.prove_secret(secret, self.password).map_err(|error| self.of_entity(error))
            }
            Condition::Authorize(authorize) => {
                let approved = path.digest_before(at, self.file.public.name_alg)?;
                connection.policy_authorize(authorize, &approved, self.tickets)
            }
            condition => {
                let session = connection.policy_session()?.handle;
                let parameters = condition.parameters()?.unwrap_or_default();
                policy_command(connection, condition.command(), session, &parameters)
            }
        }
    }
}

/// Returns true if the entity of a PolicySecret is not at its former handle, so that no password was wrong. The whole path runs
/// again: the answer is not authenticated, and the TPM may have accepted the statement.
fn has_entity_moved(connection: &mut Connection, path: &PolicyPath<'_>, error: &Error) -> bool {
    let failure = error.policy_failures().first().filter(|_| error.kind() == ErrorKind::Policy);
    let secret = failure.and_then(|failure| path.secret_at(&failure.position));
    secret.is_some_and(|secret| connection.forget_handle(secret))
}
