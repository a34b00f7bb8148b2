//! The time until which one operation may wait: for its turn, for the TPM, for a slot.

use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind};

/// The setting `timeout`: how long one operation may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout(Option<Duration>);

impl Timeout {
    /// Takes the time; None means forever.
    #[must_use]
    pub fn new(time: Option<Duration>) -> Self {
        Self(time)
    }
}

impl Default for Timeout {
    /// Returns six minutes. No command takes longer than the creation of an RSA key. Linux allows a chip 300 seconds for it
    /// (TPM2_DURATION_LONG_LONG, drivers/char/tpm), and its maintainers have seen one or two minutes. So the kernel reports a dead
    /// chip first, and an operation that waited for another one's key has a minute left.
    fn default() -> Self {
        Self(Some(Duration::from_secs(360)))
    }
}

/// The time at which waiting ends.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Option<Instant>,
    allowed: Duration,
}

impl Deadline {
    /// Waiting never ends.
    pub const NEVER: Self = Self { at: None, allowed: Duration::ZERO };

    /// Returns the deadline of an operation that starts now.
    #[must_use]
    pub fn after(Timeout(time): Timeout) -> Self {
        time.map_or(Self::NEVER, Self::within)
    }

    /// Returns the deadline after this time from now.
    #[must_use]
    pub fn within(allowed: Duration) -> Self {
        // A time beyond the range of the clock means no end.
        Self { at: Instant::now().checked_add(allowed), allowed }
    }

    /// Returns the same deadline, or a later one that leaves at least this time.
    pub(crate) fn at_least(self, least: Duration) -> Self {
        match self.left() {
            Some(left) if left < least => Self { allowed: self.allowed, ..Self::within(least) },
            _ => self,
        }
    }

    /// Returns the time left: zero after the deadline, None if there is none.
    #[must_use]
    pub fn left(self) -> Option<Duration> {
        self.at.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Returns true after the deadline.
    #[must_use]
    pub fn has_passed(self) -> bool {
        self.left() == Some(Duration::ZERO)
    }

    /// Returns this time, or the time left if that is shorter.
    pub(crate) fn at_most(self, time: Duration) -> Duration {
        self.left().map_or(time, |left| left.min(time))
    }

    /// Returns the milliseconds left for poll(2), rounded up so that the last wait is not a busy loop; -1 means forever.
    pub(crate) fn milliseconds(self) -> i32 {
        let Some(left) = self.left() else { return -1 };
        let whole = left.saturating_add(Duration::from_nanos(999_999)).as_millis();
        i32::try_from(whole).unwrap_or(i32::MAX)
    }

    /// Returns the error of an operation that has missed the deadline.
    pub(crate) fn missed(self, waited_for: &str) -> Error {
        let seconds = self.allowed.as_secs_f64();
        Error::new(ErrorKind::Timeout, format!("{waited_for} within {seconds} seconds"))
            .advise("check that the TPM works; for a slower TPM raise the setting timeout")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_passes_unless_it_is_never() {
        let past = Deadline::within(Duration::ZERO);
        assert!(past.has_passed() && past.milliseconds() == 0);
        assert!(!Deadline::NEVER.has_passed() && Deadline::NEVER.milliseconds() == -1);
        assert!(!past.at_least(Duration::from_secs(5)).has_passed());
        let later = Deadline::within(Duration::from_secs(60));
        assert!((59_000..=60_000).contains(&later.milliseconds()), "{later:?}");
        assert_eq!(later.at_most(Duration::from_secs(1)), Duration::from_secs(1));
        assert!(!Deadline::within(Duration::MAX).has_passed());
    }

    #[test]
    fn the_default_timeout_is_longer_than_the_kernels() {
        let Timeout(default) = Timeout::default();
        assert!(default > Some(Duration::from_secs(300)));
        let text = Deadline::after(Timeout::default()).missed("the TPM has not answered").to_string();
        assert!(text.contains("within 360 seconds") && text.contains("timeout"), "{text}");
    }
}
