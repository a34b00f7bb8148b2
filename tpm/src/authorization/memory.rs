//! The memory of verdicts, one per process. Forked children share it. It has no lock that a fork could leave held.

use std::sync::OnceLock;
use std::time::Instant;

use keyfile::HashAlg;
use zeroize::Zeroizing;

use super::table::{Table, Tag};
use crate::error::Error;
use crypto::hmac::hmac;
use crypto::random;

/// The state of known passwords. It contains no password, and no digest that is useful without the key.
pub(super) struct Memory {
    key: Zeroizing<Vec<u8>>,
    start: Instant,
    pub(super) table: Table,
}

/// Returns the memory of this process.
///
/// # Errors
/// The system gives no random bytes.
pub(super) fn memory() -> Result<&'static Memory, Error> {
    static MEMORY: OnceLock<Memory> = OnceLock::new();
    if let Some(memory) = MEMORY.get() {
        return Ok(memory);
    }
    // Created before the lock is taken: a child forked during the creation would wait forever for the creating thread.
    let memory = Memory::new()?;
    Ok(MEMORY.get_or_init(|| memory))
}

impl Memory {
    fn new() -> Result<Self, Error> {
        Ok(Self { key: random::bytes(32)?, start: Instant::now(), table: Table::new() })
    }

    /// Returns the tag of these parts in this process.
    pub(super) fn tag(&self, parts: &[&[u8]]) -> Tag {
        // Each part is hashed separately, so that the parts cannot be confused.
        let digests: Vec<_> =
            parts.iter().map(|part| hmac(HashAlg::Sha256, &self.key, &[b"part", part])).collect();
        let digests: Vec<&[u8]> = digests.iter().map(|digest| digest.as_slice()).collect();
        let tag = hmac(HashAlg::Sha256, &self.key, &[&[&b"whole"[..]], &digests[..]].concat());
        let half = |at: usize| {
            let bytes = tag.get(at..at.saturating_add(8)).and_then(|bytes| bytes.try_into().ok());
            bytes.map_or(0, u64::from_be_bytes)
        };
        [half(0), half(8)]
    }

    /// Returns the milliseconds since the memory was created, the same in this process and its children.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_depends_on_its_parts_and_on_the_process() {
        let [one, other] = [Memory::new().unwrap(), Memory::new().unwrap()];
        assert_eq!(one.tag(&[b"a", b"b"]), one.tag(&[b"a", b"b"]));
        for different in [&[&b"ab"[..]][..], &[b"a", b"b", b""], &[b"b", b"a"], &[b"", b"ab"]] {
            assert_ne!(one.tag(&[b"a", b"b"]), one.tag(different));
        }
        assert_ne!(one.tag(&[b"a", b"b"]), other.tag(&[b"a", b"b"]));
    }
}
