//! epoll(7), edge-triggered: waits for events of a descriptor without polling the descriptor first.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};

use super::poll::poll_until;
use crate::deadline::Deadline;

/// Watches one descriptor for events. A forked child shares it with its parent.
pub(crate) struct Edge(OwnedFd);

impl Edge {
    /// Watches the descriptor from now on. None if it does not support waiting (epoll_ctl(2), EPERM).
    pub(crate) fn watch(descriptor: BorrowedFd<'_>) -> io::Result<Option<Self>> {
        // SAFETY: epoll_create1(2) takes an integer.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a new descriptor that has no other owner.
        let edge = unsafe { OwnedFd::from_raw_fd(fd) };
        let events = u32::from_ne_bytes((libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLET).to_ne_bytes());
        let mut event = libc::epoll_event { events, u64: 0 };
        // SAFETY: epoll_ctl(2) reads one event.
        let added =
            unsafe { libc::epoll_ctl(fd, libc::EPOLL_CTL_ADD, descriptor.as_raw_fd(), &raw mut event) };
        match (added, io::Error::last_os_error()) {
            (0, _) => Ok(Some(Self(edge))),
            (_, error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(None),
            (_, error) => Err(error),
        }
    }

    /// Waits for an event since the last call; a signal does not end the wait. Returns false after the deadline.
    pub(crate) fn wait(&self, deadline: Deadline) -> io::Result<bool> {
        let mut event = libc::epoll_event { events: 0, u64: 0 };
        // SAFETY: epoll_wait(2) writes at most one event.
        poll_until(deadline, |milliseconds| unsafe {
            libc::epoll_wait(self.0.as_raw_fd(), &raw mut event, 1, milliseconds)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write as _;
    use std::os::fd::AsFd as _;
    use std::os::unix::net::UnixStream;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn each_event_is_reported_once_and_the_deadline_ends_the_wait() {
        let soon = || Deadline::within(Duration::from_millis(20));
        let (own, mut peer) = UnixStream::pair().unwrap();
        let edge = Edge::watch(own.as_fd()).unwrap().unwrap();
        assert!(edge.wait(Deadline::NEVER).unwrap(), "it can be written");
        let start = Instant::now();
        assert!(!edge.wait(soon()).unwrap());
        assert!(start.elapsed() >= Duration::from_millis(20));
        for _ in 0..2 {
            peer.write_all(b"x").unwrap();
            assert!(edge.wait(Deadline::NEVER).unwrap());
            assert!(!edge.wait(soon()).unwrap(), "reported again before the byte was read");
        }
    }

    #[test]
    fn a_file_without_poll_cannot_be_watched() {
        assert!(Edge::watch(File::open("/dev/null").unwrap().as_fd()).unwrap().is_none());
    }
}
