//! How many operations may wait: as many as the TPM does in the time that a client should wait, unless clients vanish.
//!
//! A program learns that a client has vanished only when it goes on with the client's job, so the TPM signs for it in vain. If many operations may wait,
//! most of them are soon those of vanished clients. So each result that no job takes halves the number, and each that is taken adds one to it,
//! as TCP adapts to losses (RFC 5681). With few places, a thread waits as it does without jobs, and clients that vanish
//! meanwhile cost nothing.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long the last of the waiting operations should wait at most.
const PATIENCE: Duration = Duration::from_secs(1);

/// The limit allows at least so many: the first operation may take seconds, because it connects and derives keys.
const LEAST: u32 = 16;
/// The limit with the fastest TPM.
const MOST: u32 = 1024;

/// The pace of the operations of one process.
pub(super) struct Pace(Mutex<State>);

struct State {
    /// The average time of recent operations.
    average: Option<Duration>,
    /// How many may wait.
    places: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self(Mutex::new(State { average: None, places: LEAST }))
    }
}

impl Pace {
    /// Adds an operation. Each counts for an eighth, so a slow first one is soon forgotten.
    pub(super) fn note_time(&self, took: Duration) {
        let mut state = self.state();
        let average =
            state.average.map_or(took, |average| average.saturating_mul(7).saturating_add(took) / 8);
        state.average = Some(average);
    }

    /// Records that a job has taken its result.
    pub(super) fn note_taken(&self) {
        let mut state = self.state();
        state.places = state.places.saturating_add(1).min(state.limit());
    }

    /// Records that no job takes a result.
    pub(super) fn note_abandoned(&self) {
        let mut state = self.state();
        state.places = (state.places / 2).max(1);
    }

    /// Returns how many operations may wait.
    pub(super) fn places(&self) -> usize {
        usize::try_from(self.state().places).unwrap_or(usize::MAX)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn limit(&self) -> u32 {
        let average = self.average.map_or(u128::MAX, |average| average.as_micros().max(1));
        u32::try_from(PATIENCE.as_micros() / average).unwrap_or(MOST).clamp(LEAST, MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_the_pace_within_limits() {
        let places = |milliseconds: &[u64]| {
            let pace = Pace::default();
            milliseconds.iter().for_each(|&time| pace.note_time(Duration::from_millis(time)));
            (0..2000).for_each(|_| pace.note_taken());
            pace.places()
        };
        let found = [&[][..], &[10], &[50], &[5000], &[0]].map(places);
        assert_eq!(found, [16, 100, 20, 16, 1024]);
        let slow_start: Vec<u64> = [3000].into_iter().chain([10; 60]).collect();
        assert!((90..=100).contains(&places(&slow_start)), "{}", places(&slow_start));
    }

    #[test]
    fn abandoned_results_take_places_away_and_taken_ones_return_them() {
        let pace = Pace::default();
        (0..3).for_each(|_| pace.note_abandoned());
        assert_eq!(pace.places(), 2);
        (0..9).for_each(|_| pace.note_abandoned());
        assert_eq!(pace.places(), 1);
        (0..9).for_each(|_| pace.note_taken());
        assert_eq!(pace.places(), 10);
    }
}
