//! Satisfies a policy and uses what it guards: every way that the file knows, and the first that passes.

use keyfile::policy::Condition;
use keyfile::{KeyFile, Name, Ticket};

use super::refusal;
use super::step::{Step, Way};
use crate::auth::Auth;
use crate::command::policy::policy_command;
use crate::connection::Connection;
use crate::connection::Transient;
use crate::error::{Error, ErrorKind};
use crate::objects::Cache;
use crate::objects::Parent;

/// How often the statements run again because a PCR was extended meanwhile, whichever it was.
const RESTARTS: usize = 5;

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

/// What was tried in vain.
#[derive(Default)]
struct Tried {
    errors: Vec<Error>,
    /// Those who refused the password. Nobody is asked twice.
    refused: Vec<Asked>,
}

/// Who was asked whether the password is right.
#[derive(PartialEq, Eq)]
enum Asked {
    /// The key itself.
    Key,
    /// The entity of a PolicySecret.
    Entity(Name),
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
    fn begin_again(&self, connection: &mut Connection) -> Result<(), Error> {
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

    fn way<T>(
        &self,
        connection: &mut Connection,
        way: &Way<'_>,
        then: &mut dyn FnMut(&mut Connection, bool) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut restarts = 0..RESTARTS;
        loop {
            let result = match self.steps(connection, way) {
                Ok(()) => then(connection, way.asks_for_auth_value())
                    .map_err(|error| refusal::of_use(error, way, self.file)),
                Err(error) => Err(error),
            };
            match &result {
                Err(error) if refusal::has_pcr_changed(error) => {}
                // What is there instead may have counted the password as wrong.
                Err(error) if has_moved(connection, way, error) => self.guard_last_try(connection)?,
                _ => return result,
            }
            if restarts.next().is_none() {
                return result;
            }
            self.begin_again(connection)?;
        }
    }

    /// Before the password is proven once more.
    fn guard_last_try(&self, connection: &mut Connection) -> Result<(), Error> {
        if self.doubtful { connection.guard_last_try(self.password) } else { Ok(()) }
    }

    fn steps(&self, connection: &mut Connection, way: &Way<'_>) -> Result<(), Error> {
        way.steps.iter().enumerate().try_for_each(|(at, step)| {
            self.step(connection, way, at, step).map_err(|error| refusal::of_statement(error, step))
        })
    }

    fn step(
        &self,
        connection: &mut Connection,
        way: &Way<'_>,
        at: usize,
        step: &Step<'_>,
    ) -> Result<(), Error> {
        match step.condition()? {
            Condition::Secret(secret) => {
                connection.prove_secret(secret, self.password).map_err(|error| {
                    match (error.kind(), self.password) {
                        (ErrorKind::Authorization, None) => error.of_kind(ErrorKind::PasswordMissing),
                        _ => error,
                    }
                })
            }
            Condition::Authorize(authorize) => {
                let approved = way.digest_before(at, self.file.public.name_alg)?;
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

impl Asked {
    /// Who refused the password: the entity of the statement that failed, or the key when it was used.
    fn by(error: &Error, way: &Way<'_>) -> Option<Self> {
        match error.policy_failures().first() {
            Some(failure) => way.secret_at(&failure.place).map(|secret| Self::Entity(secret.name.clone())),
            None => way.asks_for_auth_value().then_some(Self::Key),
        }
    }
}

impl Tried {
    fn has_refused(&self, way: &Way<'_>) -> bool {
        self.refused.iter().any(|asked| match asked {
            Asked::Key => way.asks_for_auth_value(),
            Asked::Entity(name) => way.secrets().any(|secret| secret.name == *name),
        })
    }

    fn note(&mut self, error: Error, way: &Way<'_>) {
        if matches!(error.kind(), ErrorKind::Authorization | ErrorKind::PasswordMissing) {
            self.refused.extend(Asked::by(&error, way));
        }
        self.errors.push(error);
    }

    /// One error for all.
    fn error(mut self) -> Error {
        if self.errors.len() <= 1 {
            let none = || Error::new(ErrorKind::Policy, "the file knows no way to satisfy the policy");
            return self.errors.pop().unwrap_or_else(none);
        }
        let kinds =
            [ErrorKind::PasswordMissing, ErrorKind::Authorization, ErrorKind::Lockout, ErrorKind::Policy];
        let has = |kind: &ErrorKind| self.errors.iter().any(|error| error.kind() == *kind);
        let kind = kinds.into_iter().find(has).unwrap_or(ErrorKind::Policy);
        let causes: Vec<String> = self.errors.iter().map(|error| error.cause().to_string()).collect();
        let text = format!("none of {} signed policies passes: {}", causes.len(), causes.join("; "));
        let spared = self.errors.iter().find(|error| error.kind() == ErrorKind::Lockout);
        let advice = spared.and_then(Error::advice).map(str::to_owned);
        let failures = self.errors.into_iter().flat_map(Error::into_failures).collect();
        let error = Error::new(kind, text).with_failures(failures);
        match advice {
            Some(advice) => error.advise(advice),
            None => error,
        }
    }
}

/// Whether the entity of a PolicySecret is not where it was before: nobody's password was wrong. The statement alone is not sent
/// again: nobody vouches for the answer, and the TPM may have passed it.
fn has_moved(connection: &mut Connection, way: &Way<'_>, error: &Error) -> bool {
    let failure = error.policy_failures().first().filter(|_| error.kind() == ErrorKind::Policy);
    let secret = failure.and_then(|failure| way.secret_at(&failure.place));
    secret.is_some_and(|secret| connection.search_again(secret))
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
