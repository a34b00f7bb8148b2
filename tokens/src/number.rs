//! The numbers of keys and certificates.

use std::sync::atomic::{AtomicU64, Ordering};

/// Returns a number that no other key or certificate of this process has.
pub(crate) fn next() -> u64 {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}
