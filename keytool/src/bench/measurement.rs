//! Runs the operations: each of them once, which shows how long all runs take, and then as often as the time allows.

use std::time::Duration;

use tpm::template::Storage;
use tpm::{Capabilities, ErrorKind, Tpm};

use super::budget::{Budget, Shares};
use super::operation::{Operation, Work};
use super::series::Series;
use super::subject::{KeyType, Subject};
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::terminal::Progress;

/// The result of one operation.
pub(super) enum Outcome {
    Measured(Series),
    /// The TPM lacks the key type.
    Unsupported(String),
    /// The TPM refused the operation.
    Failed(Error),
    /// There was no time.
    Skipped,
}

/// An operation and its result.
pub(super) struct Row {
    pub(super) operation: Operation,
    pub(super) outcome: Outcome,
}

/// The operations of a run, and the keys that they use.
pub(super) struct Measurement<'a> {
    tpm: &'a Tpm,
    capabilities: &'a Capabilities,
    storage: Storage,
    subjects: Vec<Subject>,
    rows: Vec<Row>,
}

impl<'a> Measurement<'a> {
    /// Runs each operation once.
    ///
    /// # Errors
    /// A signal was received, the TPM's slots are full, or there is no TPM. What the TPM refuses is part of the result.
    pub(super) fn first(
        tpm: &'a Tpm,
        (capabilities, storage): (&'a Capabilities, Storage),
        (deferred, budget): (&Deferred, &Budget),
    ) -> Result<Self, Error> {
        let mut all = Self { tpm, capabilities, storage, subjects: Vec::new(), rows: Vec::new() };
        let operations = Operation::all(storage);
        for (at, operation) in operations.iter().enumerate() {
            deferred.check()?;
            let _progress = progress(*operation, at, operations.len());
            let outcome = match budget.is_spent() {
                true => Outcome::Skipped,
                false => outcome(all.once(*operation))?,
            };
            all.rows.push(Row { operation: *operation, outcome });
        }
        Ok(all)
    }

    /// Runs each measured operation again, as often as its share of the time allows.
    ///
    /// # Errors
    /// As [`Measurement::first`].
    pub(super) fn again(mut self, deferred: &Deferred, shares: &Shares) -> Result<Vec<Row>, Error> {
        let mut rows = std::mem::take(&mut self.rows);
        let count = rows.len();
        for (at, Row { operation, outcome }) in rows.iter_mut().enumerate() {
            let Outcome::Measured(series) = outcome else { continue };
            let _progress = progress(*operation, at, count);
            match self.times(*operation, shares.of(series), deferred) {
                Ok(times) => series.replace(times),
                Err(error) if is_refusal(&error) => *outcome = Outcome::Failed(error),
                Err(error) => return Err(error),
            }
        }
        Ok(rows)
    }

    /// Returns the times of the first runs.
    pub(super) fn series(&self) -> impl Iterator<Item = &Series> {
        self.rows.iter().filter_map(|row| match &row.outcome {
            Outcome::Measured(series) => Some(series),
            _ => None,
        })
    }

    fn times(
        &mut self,
        operation: Operation,
        count: u32,
        deferred: &Deferred,
    ) -> Result<Vec<Duration>, Error> {
        if count > 0 {
            self.warm_up(operation)?;
        }
        let mut times = Vec::new();
        for _ in 0..count {
            deferred.check()?;
            times.push(self.once(operation)?);
        }
        Ok(times)
    }

    /// Loads what the operation expects to be loaded: its key, or the parent of its key.
    fn warm_up(&mut self, operation: Operation) -> Result<(), Error> {
        match operation.work {
            Work::Derive => Ok(()),
            Work::Load => self.once(operation).map(drop),
            _ => Ok(self.subject(operation.key)?.key.load()?),
        }
    }

    fn once(&mut self, operation: Operation) -> Result<Duration, Error> {
        self.capabilities.check(&operation.key.template().public())?;
        let taken = match operation.work {
            Work::Derive => self.tpm.time_of_derivation(self.storage),
            Work::Load => self.subject(operation.key)?.time_of_load(),
            Work::Sign => self.subject(operation.key)?.time(Subject::sign),
            Work::Decrypt => self.subject(operation.key)?.time(Subject::decrypt),
            Work::Ecdh => self.subject(operation.key)?.time(Subject::derive_secret),
        };
        Ok(taken?)
    }

    fn subject(&mut self, key: KeyType) -> Result<&Subject, Error> {
        let known = self.subjects.iter().position(|subject| subject.of == key);
        let at = match known {
            Some(at) => at,
            None => {
                self.subjects.push(Subject::load(self.tpm, self.storage, key, key.make()?)?);
                self.subjects.len().saturating_sub(1)
            }
        };
        self.subjects.get(at).ok_or_else(|| Error::request(format!("there is no {key} key"), "report this"))
    }
}

fn outcome(first: Result<Duration, Error>) -> Result<Outcome, Error> {
    match first {
        Ok(first) => Ok(Outcome::Measured(Series::starting_with(first))),
        Err(Error::Tpm(error)) if error.kind() == ErrorKind::Unsupported => {
            Ok(Outcome::Unsupported(error.cause().to_string()))
        }
        Err(error) if is_refusal(&error) => Ok(Outcome::Failed(error)),
        Err(error) => Err(error),
    }
}

/// Returns true if the TPM refused one operation, and may accept others.
fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::Tpm(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Tpm))
}

fn progress(operation: Operation, at: usize, count: usize) -> Progress {
    Progress::start(format_args!("measuring {operation} ({} of {count})", at.saturating_add(1)))
}
