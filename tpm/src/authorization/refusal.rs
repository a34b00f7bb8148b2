//! A refusal that is remembered: what the TPM answered, and how long that is believed.

use std::time::Duration;

use super::table::Row;
use crate::error::Error;
use crate::rc::ResponseCode;

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

const MINUTE: u64 = 60_000;
/// No pause is longer.
const MAX_PAUSE: u64 = 60 * MINUTE;

impl Refusal {
    /// What a row says of a value; none when its pause is over, if it has one.
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

    /// The refusal, as it was, and that it is remembered.
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

/// How long what was refused so many times is not tried again: a minute first, doubled each time, an hour at most.
pub(crate) fn pause(times: u8) -> Duration {
    let doubled = 1_u64.checked_shl(u32::from(times.saturating_sub(1))).unwrap_or(u64::MAX);
    Duration::from_millis(doubled.saturating_mul(MINUTE).min(MAX_PAUSE))
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
