//! The access of all threads of a process and its children to one TPM: one operation at a time, repeated if that helps.

use std::sync::Arc;
use std::thread;

use super::generation::{Generation, Turn};
use super::generations::Generations;
use super::retry::Retry;
use super::{Connection, Copies, Transient};
use crate::command::Patience;
use crate::command::lockout::lockout;
use crate::config::{Config, Lifetime};
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind};
use crate::transport::{Opener, locate};

/// The access to a TPM. Nothing is opened before the first use.
pub(crate) struct Access {
    config: Config,
    opener: Arc<Opener>,
    /// The location of the TPM, which identifies it.
    tpm_id: Arc<str>,
    copies: Arc<Copies>,
    generations: Generations,
}

impl Access {
    /// Creates the access through connections from `opener`.
    pub(crate) fn new(config: Config, opener: Opener) -> Self {
        let found = || locate(None).map(|location| location.string).unwrap_or_default();
        let tpm_id = config.tcti.clone().unwrap_or_else(found).into();
        let (copies, generations) = Default::default();
        Self { config, opener: Arc::new(opener), tpm_id, copies, generations }
    }

    /// Returns the location of the TPM, which identifies it.
    pub(crate) fn tpm_id(&self) -> &str {
        &self.tpm_id
    }

    /// Returns the settings.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Runs one operation exclusively on the connection, and once more on a new connection if the old one turns out to be stale. The
    /// connection is free for other threads while an operation waits for the TPM or a slot. Everything ends at the deadline; clean-up
    /// afterwards has a few seconds of its own. With `briefly`, a connection that was opened for this operation is closed again,
    /// unless it uses the kernel's resource manager.
    pub(crate) fn operate<T>(
        &self,
        briefly: bool,
        deadline: Deadline,
        operation: impl FnMut(&mut Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let generation = self.generations.current();
        let result = self.operate_in_turn(&generation, briefly, deadline, operation);
        generation.run_pending();
        result
    }

    /// Flushes everything that is loaded and disconnects, after the running operation of another thread if there is one. The next use
    /// connects again.
    pub(crate) fn close(&self) {
        if let Some(generation) = self.generation() {
            generation.close();
        }
    }

    /// Flushes one object if this process has loaded it. Does not wait for other threads.
    pub(crate) fn evict(&self, object: Transient) {
        if let Some(generation) = self.generation() {
            generation.evict(object);
        }
    }

    fn operate_in_turn<T>(
        &self,
        generation: &Generation,
        briefly: bool,
        deadline: Deadline,
        mut operation: impl FnMut(&mut Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut patience = generation.patience(deadline);
        let mut turn = generation.turn(deadline)?;
        let brief = briefly && turn.connection().is_none();
        let mut retry = Retry::new(turn.connection().is_some(), deadline);
        loop {
            if turn.connection().as_deref().is_some_and(Connection::must_reconnect) {
                *turn.connection() = None;
            }
            if turn.connection().is_none() {
                *turn.connection() = Some(self.connect(deadline)?);
            }
            let result = attempt(&mut turn, &mut patience, &mut operation);
            turn.use_cleanup_deadline(deadline);
            let pause = match (patience.take_restart(), result) {
                // The result does not matter: the TPM has not answered.
                (Some(pause), _) => pause,
                (None, Err(failure)) => match retry.recover(failure, turn.connection()) {
                    Ok(pause) => pause,
                    Err(failure) => return self.end(turn, brief, Err(failure)),
                },
                (None, done) => return self.end(turn, brief, done),
            };
            if !pause.is_zero() {
                drop(turn);
                thread::sleep(pause);
                turn = generation.turn(deadline)?;
            }
        }
    }

    // Its values do not occupy the stack of the operation.
    #[inline(never)]
    fn end<T>(&self, mut turn: Turn<'_>, brief: bool, result: Result<T, Error>) -> Result<T, Error> {
        let result = result.map_err(|failure| explain(failure, turn.connection()));
        if let Some(connection) = turn.connection() {
            connection.finish();
        }
        let brief = brief && turn.connection().as_ref().is_some_and(|connection| !connection.rules.kernel);
        if brief || self.config.connection == Lifetime::Operation {
            turn.close();
        }
        result
    }

    /// Returns this process's connection, if there was one.
    fn generation(&self) -> Option<Arc<Generation>> {
        self.generations.find()
    }

    // The big values of the first operation do not occupy the stack of later ones.
    #[inline(never)]
    fn connect(&self, deadline: Deadline) -> Result<Box<Connection>, Error> {
        Connection::open(&self.opener, &self.config, &self.tpm_id, &self.copies, deadline).map(Box::new)
    }
}

/// Runs the operation once, with the rest of its patience.
fn attempt<T>(
    turn: &mut Turn<'_>,
    patience: &mut Patience,
    operation: &mut impl FnMut(&mut Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    let connection = turn.connection().as_mut().ok_or_else(Error::lost)?;
    connection.swap_patience(patience);
    turn.flush_freed();
    let connection = turn.connection().as_mut().ok_or_else(Error::lost)?;
    let result = connection.begin().and_then(|()| operation(connection));
    connection.swap_patience(patience);
    result
}

/// Adds how long a lockout lasts.
#[inline(never)]
fn explain(failure: Error, connection: &mut Option<Box<Connection>>) -> Error {
    match (failure.kind(), connection) {
        // Our own refusals say it already.
        (ErrorKind::Lockout, Some(connection)) if failure.code().is_some() => {
            match lockout(&mut **connection) {
                Ok(lockout) => failure.advise(lockout.to_string()),
                Err(_) => failure,
            }
        }
        _ => failure,
    }
}
