//! How long to wait for a TPM that says "not now": bounded, and longer each time.

use std::thread;
use std::time::Duration;

use crate::crypto::random;

/// What is left of the will to wait.
pub(crate) struct Backoff {
    next: Duration,
    left: Duration,
}

impl Backoff {
    /// With the TPM itself: self-tests and NV writes take seconds on some chips.
    pub(crate) fn for_the_tpm() -> Self {
        Self { next: Duration::from_millis(1), left: Duration::from_secs(10) }
    }

    /// With other processes, which hold slots.
    pub(crate) fn for_slots() -> Self {
        Self { next: Duration::from_millis(2), left: Duration::from_secs(4) }
    }

    /// Waits, if it is not exhausted.
    pub(crate) fn wait(&mut self) -> bool {
        self.pause().map(thread::sleep).is_some()
    }

    /// How long to wait now, if it is not exhausted.
    pub(crate) fn pause(&mut self) -> Option<Duration> {
        if self.left.is_zero() {
            return None;
        }
        let now = uneven(self.next).min(self.left);
        self.left = self.left.saturating_sub(now);
        self.next = self.next.saturating_mul(2).min(Duration::from_millis(250));
        Some(now)
    }
}

/// Half of it to all of it: those who wait for each other must not do so in step.
fn uneven(time: Duration) -> Duration {
    let mut octet = [255];
    // Without random octets the wait is only an even one.
    let _ = random::fill(&mut octet);
    let [octet] = octet;
    time.saturating_mul(u32::from(octet).saturating_add(257)) / 512
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_ends() {
        let mut backoff = Backoff { next: Duration::from_micros(1), left: Duration::from_micros(10) };
        let waits = std::iter::from_fn(|| backoff.wait().then_some(())).take(100).count();
        assert!((4..=7).contains(&waits), "{waits}");
    }
}
