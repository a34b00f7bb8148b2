//! A remembered refusal: the TPM's answer and how long it is remembered.

use std::time::Duration;

use super::table::Row;
use crate::error::Error;
use crate::rc::ResponseCode;

/// A remembered refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    code: ResponseCode,
    /// The time until the value may be tried again; None if it may never be.
    left: Option<Duration>,
    is_empty: bool,
    /// The TPM's reset and restart counters at the refusal, and its time since power-on.
    pub(super) epoch: u64,
    pub(super) time: u64,
}

const MINUTE: u64 = 60_000;
/// The longest pause.
const MAX_PAUSE: u64 = 60 * MINUTE;

impl Refusal {
    /// Returns the refusal in a row; None if its pause is over.
    pub(super) fn of(row: &Row, is_empty: bool, pauses: bool, now: u64) -> Option<Self> {
        let left = row.since.saturating_add(milliseconds(pause(row.times))).saturating_sub(now);
        if left == 0 && pauses {
            return None;
        }
        Some(Self {
            code: ResponseCode(row.code),
            left: pauses.then(|| Duration::from_millis(left)),
            is_empty,
            epoch: row.epoch,
            time: row.time,
        })
    }

    /// Returns the error for a value that is not sent again.
    pub(crate) fn error(self) -> Error {
        let text = match self.is_empty {
            true => "no password was given, and the empty one was refused before, and is not sent again",
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

/// Returns the pause after so many refusals: one minute at first, doubled each time, at most an hour.
pub(crate) fn pause(times: u8) -> Duration {
    let doubled = 1_u64.checked_shl(u32::from(times.saturating_sub(1))).unwrap_or(u64::MAX);
    Duration::from_millis(doubled.saturating_mul(MINUTE).min(MAX_PAUSE))
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
