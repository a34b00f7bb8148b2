//! How long to wait for a TPM that says "not now": bounded, and longer each time.

use std::thread;
use std::time::Duration;

/// What is left of the will to wait.
pub(crate) struct Patience {
    next: Duration,
    left: Duration,
}

impl Patience {
    /// With the TPM itself: self-tests and NV writes take seconds on some chips.
    pub(crate) fn with_the_tpm() -> Self {
        Self { next: Duration::from_millis(1), left: Duration::from_secs(10) }
    }

    /// With other processes, which hold places.
    pub(crate) fn with_others() -> Self {
        Self { next: Duration::from_millis(2), left: Duration::from_secs(2) }
    }

    /// Waits, if it is not exhausted.
    pub(crate) fn wait(&mut self) -> bool {
        if self.left.is_zero() {
            return false;
        }
        let now = self.next.min(self.left);
        self.left = self.left.saturating_sub(now);
        self.next = self.next.saturating_mul(2).min(Duration::from_millis(250));
        thread::sleep(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_ends() {
        let mut patience = Patience { next: Duration::from_micros(1), left: Duration::from_micros(10) };
        let waits = std::iter::from_fn(|| patience.wait().then_some(())).take(100).count();
        assert_eq!(waits, 4);
    }
}
