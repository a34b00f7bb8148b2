//! All that this crate knows of an authorization: for an entity and a value, whether it is unknown, proven or refused. A refused value is
//! not sent again.
//!
//! | what | how long a refusal is remembered |
//! |---|---|
//! | the key of a file, whose value is fixed in its private part | as long as the process and its children |
//! | what others can change: hierarchies, persistent objects, NV indexes | until another object is there, the TPM is reset or cleared, or a pause is over that doubles from a minute to an hour |
//! | the empty value where a wrong one counts | the same without the pause; and no refusal of any other value may be known |

use std::time::Duration;

use super::attempt::Attempt;
use super::memory::memory;
use super::table::{Row, State};
use crate::error::Error;
use crate::rc::ResponseCode;

/// What is known of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing: it may be tried.
    Unknown,
    /// An operation has used the value.
    Proven,
    /// The TPM has refused it.
    Refused(Refusal),
}

/// A refusal that is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    code: ResponseCode,
    /// After so long it may be tried again.
    left: Option<Duration>,
    is_empty: bool,
    /// Resets and restarts of the TPM until then, and its own time.
    pub(super) epoch: u64,
    pub(super) time: u64,
}

/// What came of asking to try a value that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// Nobody else does.
    Ours,
    /// Another process or connection does just now.
    Others,
    /// Meanwhile something is known.
    Known,
}

const MINUTE: u64 = 60_000;
/// Six times twice as long is more than an hour.
const LONGEST: u64 = 60 * MINUTE;
/// Longer than a TPM takes to look at a password: whoever claimed it is gone.
const CLAIM: u64 = 10_000;

impl Attempt {
    /// What is known, without a word to the TPM.
    pub(crate) fn verdict(&self) -> Result<Verdict, Error> {
        let memory = memory()?;
        let now = memory.now();
        let (row, other) = memory.table.with(|rows| {
            (rows.find(self.entity, self.value), rows.refusal_of(self.entity).filter(|_| self.is_empty))
        });
        Ok(self.judge(row, other, now))
    }

    /// An error if the memory alone says that it is refused.
    ///
    /// # Errors
    /// The refusal, with what the TPM had answered.
    pub(crate) fn admit(&self) -> Result<(), Error> {
        match self.verdict()? {
            Verdict::Refused(refusal) => Err(refusal.error()),
            _ => Ok(()),
        }
    }

    /// Whether an operation has used the value, as far as the memory alone says.
    pub(crate) fn is_proven(&self) -> Result<bool, Error> {
        Ok(self.verdict()? == Verdict::Proven)
    }

    fn judge(&self, row: Option<Row>, other: Option<Row>, now: u64) -> Verdict {
        // Of what has a password, the empty one is no guess worth a count.
        let sure = !self.changeable || (self.is_empty && self.counts);
        let refused = row.filter(|row| row.state == State::Refused);
        let Some(row) = refused.or(other.filter(|_| self.is_empty && self.counts)) else {
            return match row.map(|row| row.state) {
                Some(State::Proven) => Verdict::Proven,
                _ => Verdict::Unknown,
            };
        };
        let left = row.since.saturating_add(pause(row.times)).saturating_sub(now);
        if left == 0 && !sure {
            return Verdict::Unknown;
        }
        Verdict::Refused(Refusal {
            code: ResponseCode(row.code),
            left: (!sure).then(|| Duration::from_millis(left)),
            is_empty: self.is_empty,
            epoch: row.epoch,
            time: row.time,
        })
    }

    pub(super) fn claim(&self, who: u64) -> Result<Claim, Error> {
        let memory = memory()?;
        let now = memory.now();
        Ok(memory.table.with(|rows| {
            let known = rows.find(self.entity, self.value);
            let other = rows.refusal_of(self.entity).filter(|_| self.is_empty);
            if self.judge(known, other, now) != Verdict::Unknown {
                return Claim::Known;
            }
            let row = known.unwrap_or(Row { since: now, ..self.row() });
            let is_fresh = row.claim != 0 && now.saturating_sub(row.claimed) < CLAIM;
            if is_fresh && row.claim != who {
                return Claim::Others;
            }
            rows.put(Row { claim: who, claimed: now, ..row });
            Claim::Ours
        }))
    }

    /// Gives a claim back: it was not tried.
    pub(super) fn unclaim(&self) -> Result<(), Error> {
        memory()?.table.with(|rows| {
            if let Some(row) = rows.find(self.entity, self.value) {
                rows.put(Row { claim: 0, claimed: 0, ..row });
            }
        });
        Ok(())
    }

    /// An operation has used the value.
    pub(super) fn note_proven(&self) -> Result<(), Error> {
        let memory = memory()?;
        let row = Row { state: State::Proven, since: memory.now(), ..self.row() };
        memory.table.with(|rows| rows.put(row));
        Ok(())
    }

    /// The TPM has refused the value, at this moment of its own.
    pub(super) fn note_refused(&self, code: ResponseCode, (epoch, time): (u64, u64)) -> Result<(), Error> {
        let memory = memory()?;
        let now = memory.now();
        memory.table.with(|rows| {
            let before = rows.find(self.entity, self.value).map_or(0, |row| row.times);
            let times = before.saturating_add(1);
            rows.put(Row {
                state: State::Refused,
                times,
                code: code.0,
                since: now,
                epoch,
                time,
                ..self.row()
            });
        });
        if self.changeable { self.note_entity(State::Unseen) } else { Ok(()) }
    }

    fn row(&self) -> Row {
        Row { entity: self.entity, value: self.value, ..Row::default() }
    }
}

impl Refusal {
    /// The refusal, as it was, and that it is remembered.
    pub(crate) fn error(self) -> Error {
        let text = match self.is_empty {
            true => "no password was given, and the empty one was refused before and is not sent again",
            false => "the password was refused before, and is not sent again",
        };
        let minutes = self.left.map(|left| left.as_secs().div_ceil(60));
        let advice = match minutes {
            None => "give another password".to_owned(),
            Some(1) => "give another password, or wait a minute".to_owned(),
            Some(minutes) => format!("give another password, or wait {minutes} minutes"),
        };
        Error::remembered(text, self.code).advise(advice)
    }
}

/// How long what was refused so many times is not tried again, in milliseconds.
fn pause(times: u8) -> u64 {
    let doubled = 1_u64.checked_shl(u32::from(times.saturating_sub(1))).unwrap_or(u64::MAX);
    doubled.saturating_mul(MINUTE).min(LONGEST)
}
