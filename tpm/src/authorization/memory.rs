//! The one memory of verdicts in a process. Forked children share it; no lock of it can be lost in a fork.

use std::sync::OnceLock;
use std::time::Instant;

use keyfile::HashAlg;
use zeroize::Zeroizing;

use super::table::{Table, Tag};
use crate::crypto::hmac::hmac;
use crate::crypto::random;
use crate::error::Error;

/// What is known of passwords. No password is in it, and no digest that says anything without the key.
pub(super) struct Memory {
    key: Zeroizing<Vec<u8>>,
    start: Instant,
    pub(super) table: Table,
}

/// The memory of this process.
///
/// # Errors
/// The system gives no random bytes.
pub(super) fn memory() -> Result<&'static Memory, Error> {
    static MEMORY: OnceLock<Memory> = OnceLock::new();
    if let Some(memory) = MEMORY.get() {
        return Ok(memory);
    }
    // Made first: a child that is forked just now would wait for ever for the thread that makes it.
    let memory = Memory::new()?;
    Ok(MEMORY.get_or_init(|| memory))
}

impl Memory {
    fn new() -> Result<Self, Error> {
        Ok(Self { key: random::bytes(32)?, start: Instant::now(), table: Table::new() })
    }

    /// By what these parts are known here.
    pub(super) fn tag(&self, parts: &[&[u8]]) -> Tag {
        // Each part by its own digest, so that none runs into the next.
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

    /// Milliseconds since it was made, in this process and in its children.
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
