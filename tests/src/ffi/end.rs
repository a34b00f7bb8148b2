//! Sleeps until a child ends, without polling every few milliseconds.
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::time::Duration;

/// Sleeps until the child ends, at most for this long; it may return early. The child is not reaped.
pub(crate) fn await_end(pid: u32, limit: Duration) {
    let Some(child) = open(pid) else {
        // Linux before 5.3 has no pidfd_open(2).
        return std::thread::sleep(limit.min(Duration::from_millis(5)));
    };
    let mut end = libc::pollfd { fd: child.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    let milliseconds = libc::c_int::try_from(limit.as_millis()).unwrap_or(libc::c_int::MAX);
    // SAFETY: poll(2) reads and writes one pollfd, which is ours.
    unsafe { libc::poll(&raw mut end, 1, milliseconds) };
}

/// A descriptor that becomes readable when the process ends (pidfd_open(2)).
fn open(pid: u32) -> Option<OwnedFd> {
    // SAFETY: pidfd_open(2) takes two integers and touches no memory.
    let descriptor = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let descriptor = libc::c_int::try_from(descriptor).ok().filter(|d| *d >= 0)?;
    // SAFETY: the descriptor is new, and nothing else owns it.
    Some(unsafe { OwnedFd::from_raw_fd(descriptor) })
}
