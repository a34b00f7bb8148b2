//! Sets close-on-exec on the TCTI's file descriptors: a program that the host executes must not inherit loaded keys.
//!
//! tpm2-tss opens devices, pipes and sockets without O_CLOEXEC. getPollHandles names one descriptor; tcti-cmd and others have more.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::ffi;
use crate::transport::location::Kind;

/// The descriptors that were open before the TCTI, and their targets: a number may be reused at once.
pub(super) struct Watch(Option<BTreeSet<Open>>);

/// A descriptor, and its target in the kernel's spelling: `socket:[4711]`.
type Open = (i32, PathBuf);

impl Watch {
    /// Records the open descriptors, if the TCTI does not name all of its own.
    pub(super) fn before(kind: &Kind) -> Self {
        Self(matches!(kind, Kind::Mssim | Kind::Command | Kind::Other).then(open_descriptors))
    }

    /// Marks the descriptors that the TCTI names, and those that it opened in addition.
    ///
    /// Another thread may open a descriptor at the same time, so only new pipes and sockets are attributed to the TCTI.
    pub(super) fn close_on_exec(&self, named: &[i32]) {
        close_on_exec(named);
        let Some(before) = &self.0 else { return };
        let new = open_descriptors().into_iter().filter(|open| !before.contains(open));
        let ours: Vec<_> = new.filter(|(_, target)| is_channel(target)).map(|(fd, _)| fd).collect();
        close_on_exec(&ours);
    }
}

/// Marks the descriptors.
fn close_on_exec(descriptors: &[i32]) {
    descriptors.iter().for_each(|&fd| ffi::close_on_exec(fd));
}

fn is_channel(target: &Path) -> bool {
    ["socket:", "pipe:"].iter().any(|kind| target.to_string_lossy().starts_with(kind))
}

fn open_descriptors() -> BTreeSet<Open> {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else { return BTreeSet::new() };
    let open = |entry: fs::DirEntry| {
        let fd = entry.file_name().to_str()?.parse().ok()?;
        Some((fd, fs::read_link(entry.path()).ok()?))
    };
    entries.filter_map(|entry| open(entry.ok()?)).collect()
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd as _;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_reused_descriptor_number_is_recognized() {
        let channel = || {
            let (socket, _) = UnixStream::pair().unwrap();
            let number = socket.as_raw_fd();
            let found = open_descriptors().into_iter().find(|(fd, _)| *fd == number);
            let (_, target) = found.expect("what is open is found");
            assert!(is_channel(&target), "{target:?}");
            (number, target)
        };
        // Other tests use numbers, too.
        let mut pairs = (0..1000).map(|_| (channel(), channel()));
        let ((_, before), (_, after)) = pairs.find(|(before, after)| before.0 == after.0).unwrap();
        assert_ne!(before, after);
    }
}
