//! The persistent copies of storage keys that a process does not use: nothing is at the handle, or another key.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::template::Storage;

/// What a process knows of the persistent copies. Its connections share it, and forked children inherit it.
#[derive(Default)]
pub(crate) struct Copies {
    p256: AtomicBool,
    rsa: AtomicBool,
}

impl Copies {
    /// Returns true if the copy is known to be absent or another key. Key files from before the standard never use one.
    pub(crate) fn is_rejected(&self, storage: Storage) -> bool {
        self.flag(storage).is_none_or(|flag| flag.load(Ordering::Relaxed))
    }

    /// Records that the copy is absent or another key.
    pub(crate) fn reject(&self, storage: Storage) {
        if let Some(flag) = self.flag(storage) {
            flag.store(true, Ordering::Relaxed);
        }
    }

    fn flag(&self, storage: Storage) -> Option<&AtomicBool> {
        match storage {
            Storage::P256 => Some(&self.p256),
            Storage::Rsa2048 => Some(&self.rsa),
            Storage::Old => None,
        }
    }
}
