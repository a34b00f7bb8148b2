//! The persistent copies of storage keys that a process does not use for a while: nothing is at the handle, or another key.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::template::Storage;

/// How long a copy is not looked for again. A TPM2_ReadPublic takes about a millisecond, a derivation a hundred times as long; and a server
/// that runs for months finds the key that `tpm2-keytool srk` has made meanwhile.
const REJECTED: Duration = Duration::from_secs(60);

/// What a process knows of the persistent copies. Its connections share it, and forked children inherit it: no lock, which another thread
/// may hold during the fork.
pub(crate) struct Copies {
    start: Instant,
    p256: Rejection,
    rsa: Rejection,
}

/// The end of the time in which a copy is not looked for, in milliseconds since the start. Zero if there is none.
#[derive(Default)]
struct Rejection(AtomicU64);

impl Default for Copies {
    fn default() -> Self {
        Self { start: Instant::now(), p256: Rejection::default(), rsa: Rejection::default() }
    }
}

impl Copies {
    /// Returns true if the copy was absent or another key a short time ago. Key files from before the standard never use one.
    pub(crate) fn is_rejected(&self, storage: Storage) -> bool {
        self.of(storage).is_none_or(|Rejection(end)| self.millis() < end.load(Ordering::Relaxed))
    }

    /// Records that the copy is absent or another key.
    pub(crate) fn reject(&self, storage: Storage) {
        if let Some(Rejection(end)) = self.of(storage) {
            let period = u64::try_from(REJECTED.as_millis()).unwrap_or(u64::MAX);
            end.store(self.millis().saturating_add(period), Ordering::Relaxed);
        }
    }

    /// Forgets what is known: the TPM may have been reset, or it is another one.
    pub(crate) fn forget(&self) {
        [&self.p256, &self.rsa].iter().for_each(|Rejection(end)| end.store(0, Ordering::Relaxed));
    }

    fn of(&self, storage: Storage) -> Option<&Rejection> {
        match storage {
            Storage::P256 => Some(&self.p256),
            Storage::Rsa2048 => Some(&self.rsa),
            Storage::Old => None,
        }
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets time pass.
    fn later(copies: Copies, time: Duration) -> Copies {
        Copies { start: copies.start.checked_sub(time).unwrap(), ..copies }
    }

    #[test]
    fn a_rejected_copy_is_looked_for_again_after_a_minute() {
        let copies = Copies::default();
        assert!(!copies.is_rejected(Storage::P256) && copies.is_rejected(Storage::Old));
        copies.reject(Storage::P256);
        assert!(copies.is_rejected(Storage::P256) && !copies.is_rejected(Storage::Rsa2048));
        let copies = later(copies, REJECTED / 2);
        assert!(copies.is_rejected(Storage::P256));
        let copies = later(copies, REJECTED / 2);
        assert!(!copies.is_rejected(Storage::P256));
    }

    #[test]
    fn a_reset_makes_a_rejected_copy_looked_for_again() {
        let copies = Copies::default();
        [Storage::P256, Storage::Rsa2048].iter().for_each(|storage| copies.reject(*storage));
        copies.forget();
        assert!(!copies.is_rejected(Storage::P256) && !copies.is_rejected(Storage::Rsa2048));
    }
}
