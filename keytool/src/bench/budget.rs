//! The time that a run may take. More than half a minute is spent only with the user's consent.

use std::fmt;
use std::time::{Duration, Instant};

use super::series::Series;
use crate::terminal;

/// The time that a run takes without asking.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// The time that a run may take.
pub(super) struct Budget {
    start: Instant,
    /// True if the user has agreed to any time.
    granted: bool,
}

impl Budget {
    /// Starts the clock. `granted` is true if the user has agreed to any time.
    pub(super) fn start(granted: bool) -> Self {
        Self { start: Instant::now(), granted }
    }

    /// Returns true if nothing more may be measured.
    pub(super) fn is_spent(&self) -> bool {
        !self.granted && self.start.elapsed() >= LIMIT
    }

    /// Returns the number of runs of each operation, at most `wanted`. Asks the user if all of them take too long. Without the user's
    /// consent, each operation gets an equal share of the remaining time.
    pub(super) fn samples<'a>(&mut self, first: impl Iterator<Item = &'a Series>, wanted: u32) -> Shares {
        let first: Vec<Duration> = first.map(Series::first).collect();
        let all = first.iter().sum::<Duration>().saturating_mul(wanted);
        let left = LIMIT.saturating_sub(self.start.elapsed());
        if self.granted || all <= left || self.ask_for(all) {
            return Shares { wanted, share: None };
        }
        let operations = u32::try_from(first.len()).unwrap_or(u32::MAX);
        Shares { wanted, share: left.checked_div(operations) }
    }

    /// Asks the user to agree to any time. The time of the answer does not count. Returns none if there is no terminal.
    pub(super) fn ask(&mut self, question: impl fmt::Display) -> Option<bool> {
        let asked = Instant::now();
        let answer = terminal::confirm(question);
        self.start = self.start.checked_add(asked.elapsed()).unwrap_or(self.start);
        self.granted = answer == Some(true);
        answer
    }

    fn ask_for(&mut self, all: Duration) -> bool {
        let seconds = all.as_secs();
        let question = format!(
            "All measurements take about {seconds} s. Take that time? Otherwise fewer are made, within {} s.",
            LIMIT.as_secs()
        );
        if self.ask(question).is_none() {
            terminal::notice(format_args!(
                "all measurements would take about {seconds} s: making fewer, within {} s; --yes makes all of them",
                LIMIT.as_secs()
            ));
        }
        self.granted
    }
}

/// How often each operation is run.
pub(super) struct Shares {
    wanted: u32,
    /// The time of each operation; None if it is unlimited.
    share: Option<Duration>,
}

impl Shares {
    /// Returns the number of further runs of an operation. It is zero if one run takes longer than its share.
    pub(super) fn of(&self, series: &Series) -> u32 {
        let Some(share) = self.share else { return self.wanted };
        let fits = share.as_micros().checked_div(series.first().as_micros()).unwrap_or(u128::MAX);
        u32::try_from(fits).unwrap_or(u32::MAX).min(self.wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    fn counts(mut budget: Budget, first: &[Duration]) -> Vec<u32> {
        let all: Vec<Series> = first.iter().copied().map(Series::starting_with).collect();
        let shares = budget.samples(all.iter(), 20);
        all.iter().map(|series| shares.of(series)).collect()
    }

    #[test]
    fn slow_operations_get_fewer_runs_without_consent() {
        let slow = [40 * MILLI, 1_000 * MILLI, 40_000 * MILLI];
        assert_eq!(counts(Budget::start(true), &slow), [20; 3]);
        assert_eq!(counts(Budget::start(false), &[40 * MILLI, 150 * MILLI]), [20; 2]);
        // Ten seconds for each, less the time that this test takes.
        assert_eq!(counts(Budget::start(false), &slow), [20, 9, 0]);
    }

    #[test]
    fn time_is_spent_after_half_a_minute() {
        let start = Instant::now().checked_sub(LIMIT).unwrap();
        assert!(Budget { start, granted: false }.is_spent() && !Budget { start, granted: true }.is_spent());
        assert!(!Budget::start(false).is_spent());
    }
}
