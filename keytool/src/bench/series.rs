//! The times of one operation.

use std::time::Duration;

/// The times of one operation, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Series {
    /// In ascending order.
    sorted: Vec<Duration>,
    first: Duration,
}

impl Series {
    /// Creates the series of an operation that was run once.
    pub(super) fn starting_with(first: Duration) -> Self {
        Self { sorted: vec![first], first }
    }

    /// Returns the time of the first run.
    pub(super) fn first(&self) -> Duration {
        self.first
    }

    /// Replaces the first run, which also sent what the process sends only once, by these. Without any, it stays.
    pub(super) fn replace(&mut self, mut times: Vec<Duration>) {
        if !times.is_empty() {
            times.sort_unstable();
            self.sorted = times;
        }
    }

    /// Returns the number of runs.
    pub(super) fn samples(&self) -> usize {
        self.sorted.len()
    }

    pub(super) fn min(&self) -> Duration {
        self.rank(0)
    }

    pub(super) fn median(&self) -> Duration {
        self.rank(50)
    }

    /// Returns the time that 95 % of the runs do not exceed.
    pub(super) fn p95(&self) -> Duration {
        self.rank(95)
    }

    /// Returns a percentile by the nearest rank.
    fn rank(&self, percent: usize) -> Duration {
        let rank = self.sorted.len().saturating_mul(percent).div_ceil(100);
        self.sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let millis = Duration::from_millis;
        let mut series = Series::starting_with(millis(500));
        assert_eq!((series.samples(), series.min(), series.p95()), (1, millis(500), millis(500)));
        series.replace((1..=20).rev().map(millis).collect());
        let found = (series.min(), series.median(), series.p95(), series.first());
        assert_eq!(found, (millis(1), millis(10), millis(19), millis(500)));
        series.replace(Vec::new());
        assert_eq!(series.samples(), 20);
    }
}
