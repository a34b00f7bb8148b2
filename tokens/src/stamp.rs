//! Shows if a file has changed, without reading it.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

/// The identity of a file and of its contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    file: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// The time in which two changes may have the same time: some file systems count seconds, or two of them.
const COARSE: Duration = Duration::from_secs(3);

impl Stamp {
    pub(crate) fn of(found: &Metadata) -> Self {
        Self {
            file: (found.dev(), found.ino()),
            size: found.size(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }

    /// Returns true if a later change would get another time. Until then, the same stamp does not mean that nothing has changed.
    pub(crate) fn is_settled(&self) -> bool {
        let seconds = u64::try_from(self.modified.0.max(self.changed.0)).unwrap_or_default();
        let last = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        let age = last.and_then(|last| SystemTime::now().duration_since(last).ok());
        age.is_some_and(|age| age > COARSE)
    }
}
