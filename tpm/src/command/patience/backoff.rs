//! Pauses between tries: bounded together, and longer each time.

use std::time::Duration;

use crate::crypto::random;
use crate::deadline::Deadline;

/// What is left of the will to try again.
pub(crate) struct Backoff {
    next: Duration,
    left: Duration,
}

impl Backoff {
    /// With the TPM itself: self-tests and NV writes take seconds on some chips.
    pub(super) fn for_busy_tpm() -> Self {
        Self { next: Duration::from_millis(1), left: Duration::from_secs(10) }
    }

    /// With other processes, which hold slots.
    pub(crate) fn for_slots() -> Self {
        Self { next: Duration::from_millis(2), left: Duration::from_secs(4) }
    }

    /// How long to pause now, if there is a point in it.
    pub(crate) fn pause(&mut self, deadline: Deadline) -> Option<Duration> {
        let left = deadline.at_most(self.left);
        if left.is_zero() {
            return None;
        }
        let now = jittered(self.next).min(left);
        self.left = self.left.saturating_sub(now);
        self.next = self.next.saturating_mul(2).min(Duration::from_millis(250));
        Some(now)
    }
}

/// Half of it to all of it: those who wait for each other must not do so in step.
fn jittered(time: Duration) -> Duration {
    let mut byte = [255];
    // Without random bytes the wait is only an even one.
    let _ = random::fill(&mut byte);
    let [byte] = byte;
    time.saturating_mul(u32::from(byte).saturating_add(257)) / 512
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_end() {
        let mut backoff = Backoff { next: Duration::from_micros(1), left: Duration::from_micros(10) };
        let pauses = std::iter::from_fn(|| backoff.pause(Deadline::NEVER)).take(100).count();
        assert!((4..=7).contains(&pauses), "{pauses}");
        assert_eq!(Backoff::for_slots().pause(Deadline::within(Duration::ZERO)), None);
    }
}
