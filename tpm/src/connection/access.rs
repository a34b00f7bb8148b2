//! The way to one TPM, for all threads of a process and its children: one operation at a time, begun again where that helps.

use std::sync::Arc;
use std::thread;

use super::generation::{Generation, Generations};
use super::retry::Retry;
use super::{Connection, Transient};
use crate::command::lockout::lockout;
use crate::config::{Config, Lifetime};
use crate::error::{Error, ErrorKind};
use crate::transport::Opener;

/// The way to a TPM; nothing is opened before the first use.
pub(crate) struct Access {
    config: Config,
    opener: Arc<Opener>,
    generations: Generations,
}

impl Access {
    /// By connections that `opener` opens.
    pub(crate) fn new(config: Config, opener: Opener) -> Self {
        Self { config, opener: Arc::new(opener), generations: Generations::default() }
    }

    /// What was chosen.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Runs one operation alone on the connection; when the connection turns out to be stale, once more on a new one.
    pub(crate) fn operate<T>(
        &self,
        mut operation: impl FnMut(&mut Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let generation = self.generations.here();
        let mut place = generation.connection();
        let mut retry = Retry::new(place.is_some());
        loop {
            if place.as_ref().is_some_and(Connection::is_spoiled) {
                *place = None;
            }
            let connection = match &mut *place {
                Some(connection) => connection,
                none => none.insert(self.connect()?),
            };
            let result = match connection.begin().and_then(|()| operation(connection)) {
                Err(failure) => match retry.mend(failure, &mut place) {
                    Ok(pause) => {
                        if !pause.is_zero() {
                            // For other processes, and so without the lock.
                            drop(place);
                            thread::sleep(pause);
                            place = generation.connection();
                        }
                        continue;
                    }
                    Err(failure) => Err(explain(failure, &mut place)),
                },
                done => done,
            };
            if let Some(connection) = &mut *place {
                connection.finish();
            }
            if self.config.connection == Lifetime::Operation {
                close(&mut place);
            }
            return result;
        }
    }

    /// Flushes everything that is loaded and disconnects. The next use connects again.
    pub(crate) fn close(&self) {
        if let Some(generation) = self.generation() {
            close(&mut generation.connection());
        }
    }

    /// Flushes one object, if this process has a connection and it is loaded.
    pub(crate) fn evict(&self, object: Transient) {
        if let Some(generation) = self.generation() {
            generation.evict(object);
        }
    }

    /// This process's connection, if there has been one.
    fn generation(&self) -> Option<Arc<Generation>> {
        self.generations.find()
    }

    fn connect(&self) -> Result<Connection, Error> {
        Connection::open(&self.opener, &self.config)
    }
}

/// Says how long a lockout lasts.
fn explain(failure: Error, place: &mut Option<Connection>) -> Error {
    match (failure.kind(), place) {
        // One of our own says it already.
        (ErrorKind::Lockout, Some(connection)) if failure.code().is_some() => match lockout(connection) {
            Ok(lockout) => failure.advise(lockout.to_string()),
            Err(_) => failure,
        },
        _ => failure,
    }
}

/// Disconnects. What a broken connection keeps from being flushed is not forgotten: the next use, which connects again, clears it away.
fn close(place: &mut Option<Connection>) {
    let Some(connection) = place else { return };
    connection.flush_all();
    match connection.leaves_something() {
        true => connection.disconnect(),
        false => *place = None,
    }
}
