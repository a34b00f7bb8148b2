//! Pauses between tries. Each is longer than the one before, and their sum is bounded.

use std::time::Duration;

use crate::deadline::Deadline;
use crypto::random;

/// The pauses that are left.
pub(crate) struct Backoff {
    next: Duration,
    left: Duration,
}

impl Backoff {
    /// Returns the pauses for a busy TPM: self-tests and NV writes take seconds on some chips.
    pub(super) fn for_busy_tpm() -> Self {
        Self { next: Duration::from_millis(1), left: Duration::from_secs(10) }
    }

    /// Returns the pauses for slots that other processes hold.
    pub(crate) fn for_slots() -> Self {
        Self { next: Duration::from_millis(2), left: Duration::from_secs(4) }
    }

    /// Returns the next pause; None if no time is left.
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

/// Returns half of the time up to all of it, so that processes that wait for each other do not stay in step.
fn jittered(time: Duration) -> Duration {
    let mut byte = [255];
    // Without random bytes the pause is merely not varied.
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
