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
/// The same for a file system that counts fractions of a second: the kernel's clock for files ticks at least a hundred times a second.
const FINE: Duration = Duration::from_millis(100);

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
        let (seconds, nanos) = self.modified.max(self.changed);
        let (seconds, nanos) =
            (u64::try_from(seconds).unwrap_or_default(), u64::try_from(nanos).unwrap_or_default());
        let since = Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanos));
        let last = SystemTime::UNIX_EPOCH.checked_add(since);
        let age = last.and_then(|last| SystemTime::now().duration_since(last).ok());
        let enough = if nanos == 0 { COARSE } else { FINE };
        age.is_some_and(|age| age > enough)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stamp of a file that was changed this long ago, as a file system with or without fractions of a second keeps it.
    fn changed(ago: Duration, fractions: bool) -> Stamp {
        let last = (SystemTime::now() - ago).duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let nanos = if fractions { i64::from(last.subsec_nanos()).max(1) } else { 0 };
        let time = (i64::try_from(last.as_secs()).unwrap(), nanos);
        Stamp { file: (1, 1), size: 1, modified: time, changed: time }
    }

    #[test]
    fn a_file_system_that_counts_seconds_settles_later() {
        let second = Duration::from_secs(1);
        assert!(changed(second, true).is_settled());
        assert!(!changed(second, false).is_settled());
        assert!(changed(5 * second, false).is_settled());
        assert!(!changed(Duration::ZERO, true).is_settled());
    }
}
