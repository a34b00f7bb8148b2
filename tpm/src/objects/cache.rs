//! Results of the TPM that a process keeps, so that they are not computed again: imported objects and tickets. None of them is
//! secret.

use std::sync::{Mutex, MutexGuard, TryLockError};

use keyfile::HashAlg;

/// More than any program has keys. The oldest entry is removed first.
const MAX_ENTRIES: usize = 256;

/// Values by the digest of their inputs.
pub(crate) struct Cache<T>(Mutex<Values<T>>);

type Values<T> = Vec<(Vec<u8>, T)>;

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Cache<T> {
    /// Returns the value for these inputs.
    pub(crate) fn find(&self, parts: &[&[u8]]) -> Option<T> {
        let key = key(parts);
        self.values()?.iter().find(|(known, _)| *known == key).map(|(_, value)| value.clone())
    }

    /// Stores the value for these inputs.
    pub(crate) fn insert(&self, parts: &[&[u8]], value: &T) {
        let key = key(parts);
        if let Some(mut values) = self.values() {
            values.retain(|(known, _)| *known != key);
            if values.len() >= MAX_ENTRIES {
                values.remove(0);
            }
            values.push((key, value.clone()));
        }
    }

    /// Does not wait: in a forked child, a thread that does not exist there may hold the lock. Then nothing is stored.
    fn values(&self) -> Option<MutexGuard<'_, Values<T>>> {
        match self.0.try_lock() {
            Ok(values) => Some(values),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// Returns the digest of these inputs. Each part is hashed separately, so that the parts cannot be confused.
fn key(parts: &[&[u8]]) -> Vec<u8> {
    let digests: Vec<Vec<u8>> = parts.iter().map(|part| HashAlg::Sha256.digest(&[part])).collect();
    digests.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_entry_is_dropped_first() {
        let cache = Cache::default();
        for number in 0..=255_u8 {
            cache.insert(&[b"a", &[number]], &number);
        }
        assert_eq!(cache.find(&[b"a", &[0]]), Some(0));
        assert_eq!(cache.find(&[b"", b"a", &[0]]), None);
        cache.insert(&[b"b"], &1);
        cache.insert(&[b"b"], &2);
        assert_eq!((cache.find(&[b"a", &[0]]), cache.find(&[b"b"])), (None, Some(2)));
        assert_eq!(cache.find(&[b"a", &[1]]), Some(1));
    }

    #[test]
    fn a_held_lock_is_not_waited_for() {
        let cache = Cache::default();
        cache.insert(&[b"a"], &1);
        let held = cache.values();
        assert_eq!(cache.find(&[b"a"]), None);
        cache.insert(&[b"b"], &2);
        drop(held);
        assert_eq!((cache.find(&[b"a"]), cache.find(&[b"b"])), (Some(1), None));
    }
}
