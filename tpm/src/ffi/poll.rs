//! poll(2).

use std::io;

use crate::deadline::Deadline;

/// Waits until one of the descriptors is readable or broken; a signal does not end the wait. Returns false after the deadline.
pub(crate) fn readable(descriptors: &[i32], deadline: Deadline) -> io::Result<bool> {
    let mut polled: Vec<libc::pollfd> =
        descriptors.iter().map(|&fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 }).collect();
    let count = libc::nfds_t::try_from(polled.len()).unwrap_or_default();
    // SAFETY: poll(2) reads and writes `count` structures.
    poll_until(deadline, |milliseconds| unsafe { libc::poll(polled.as_mut_ptr(), count, milliseconds) })
}

/// Waits with a system call that takes milliseconds and returns a number of events; a signal does not end the wait. Returns false
/// after the deadline.
pub(super) fn poll_until(
    deadline: Deadline,
    mut wait: impl FnMut(libc::c_int) -> libc::c_int,
) -> io::Result<bool> {
    loop {
        match wait(deadline.milliseconds()) {
            0 if deadline.has_passed() => return Ok(false),
            0 => {}
            1.. => return Ok(true),
            _ => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error => return Err(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::fd::AsRawFd as _;
    use std::os::unix::net::UnixStream;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn poll_ends_with_data_or_at_the_deadline() {
        let (own, mut peer) = UnixStream::pair().unwrap();
        let fds = [own.as_raw_fd()];
        let start = Instant::now();
        assert!(!readable(&fds, Deadline::within(Duration::from_millis(20))).unwrap());
        assert!(start.elapsed() >= Duration::from_millis(20));
        peer.write_all(b"x").unwrap();
        assert!(readable(&fds, Deadline::NEVER).unwrap());
    }
}
