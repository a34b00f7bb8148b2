//! How long operations take, and how many may wait.

use std::time::Duration;

/// How long the last of the waiting operations should wait at most.
const PATIENCE: Duration = Duration::from_secs(1);

/// So many may wait in any case: the first operation may take seconds, because it connects and derives keys.
const LEAST: u32 = 16;
/// So many may wait with the fastest TPM.
const MOST: u32 = 1024;

/// The average time of recent operations.
#[derive(Clone, Copy, Default)]
pub(super) struct Pace(Option<Duration>);

impl Pace {
    /// Adds an operation. Each counts for an eighth, so a slow first one is soon forgotten.
    pub(super) fn note(&mut self, took: Duration) {
        let average = self.0.map_or(took, |average| average.saturating_mul(7).saturating_add(took) / 8);
        self.0 = Some(average);
    }

    /// Returns how many operations may wait.
    pub(super) fn room(self) -> usize {
        let average = self.0.map_or(u128::MAX, |average| average.as_micros().max(1));
        let operations = u32::try_from(PATIENCE.as_micros() / average).unwrap_or(MOST);
        usize::try_from(operations.clamp(LEAST, MOST)).unwrap_or(usize::MAX)
    }

    /// Returns how long so many operations take.
    pub(super) fn time_of(self, operations: usize) -> Duration {
        self.0.unwrap_or_default().saturating_mul(u32::try_from(operations).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_follows_the_pace_within_limits() {
        let room = |milliseconds: &[u64]| {
            let mut pace = Pace::default();
            milliseconds.iter().for_each(|&time| pace.note(Duration::from_millis(time)));
            pace.room()
        };
        assert_eq!([room(&[]), room(&[10]), room(&[50]), room(&[5000]), room(&[0])], [16, 100, 20, 16, 1024]);
        let slow_start: Vec<u64> = [3000].into_iter().chain([10; 60]).collect();
        assert!((90..=100).contains(&room(&slow_start)), "{}", room(&slow_start));
    }
}
