//! Connects to a Unix socket with a deadline: std waits until the listener has room.

use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::deadline::Deadline;

/// The pause between tries while the listener is full.
const PAUSE: Duration = Duration::from_millis(5);

/// Connects until the deadline.
pub(crate) fn connect_unix(path: &Path, deadline: Deadline) -> io::Result<OwnedFd> {
    let (address, size) = address(path)?;
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: socket(2) takes three integers.
    let fd = unsafe { libc::socket(libc::AF_UNIX, kind, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a new descriptor that has no other owner.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    loop {
        // SAFETY: connect(2) reads `size` bytes of the address.
        let result = unsafe { libc::connect(socket.as_raw_fd(), (&raw const address).cast(), size) };
        if result == 0 {
            break;
        }
        match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => {}
            // EAGAIN: the listener is full, and there is nothing to poll for (unix(7)).
            error if error.kind() == io::ErrorKind::WouldBlock && !deadline.has_passed() => {
                thread::sleep(PAUSE);
            }
            error => return Err(error),
        }
    }
    // SAFETY: F_SETFL takes an integer. Without flags, reads and writes block again.
    match unsafe { libc::fcntl(socket.as_raw_fd(), libc::F_SETFL, 0) } {
        0 => Ok(socket),
        _ => Err(io::Error::last_os_error()),
    }
}

fn address(path: &Path) -> io::Result<(libc::sockaddr_un, libc::socklen_t)> {
    let invalid = |why: &'static str| io::Error::new(io::ErrorKind::InvalidInput, why);
    let bytes = path.as_os_str().as_bytes();
    let mut address = libc::sockaddr_un {
        sun_family: libc::sa_family_t::try_from(libc::AF_UNIX).map_err(|_| invalid("no such family"))?,
        sun_path: [0; 108],
    };
    // The last byte must stay zero.
    if bytes.len() >= address.sun_path.len() || bytes.contains(&0) {
        return Err(invalid("the path of a socket has at most 107 bytes and no zero byte"));
    }
    for (target, byte) in address.sun_path.iter_mut().zip(bytes) {
        *target = libc::c_char::from_ne_bytes([*byte]);
    }
    let size = libc::socklen_t::try_from(size_of_val(&address)).map_err(|_| invalid("no such size"))?;
    Ok((address, size))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::os::unix::net::UnixListener;
    use std::time::Instant;

    use super::*;

    /// Returns a full listener, the sockets that fill it, and the error of the next connection.
    pub(crate) fn full_listener(path: &Path) -> (UnixListener, Vec<OwnedFd>, io::Error) {
        let listener = UnixListener::bind(path).unwrap();
        // SAFETY: listen(2) takes two integers; the backlog now holds one connection.
        assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
        let mut open = Vec::new();
        loop {
            match connect_unix(path, Deadline::within(Duration::from_millis(50))) {
                Ok(socket) => open.push(socket),
                Err(error) => return (listener, open, error),
            }
        }
    }

    #[test]
    fn connecting_to_a_full_listener_ends_at_the_deadline() {
        let path = std::env::temp_dir().join(format!("tpm2-unix-{}", std::process::id()));
        let start = Instant::now();
        let (_listener, open, error) = full_listener(&path);
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{error}");
        assert!(open.len() < 5 && start.elapsed() < Duration::from_secs(10), "{} are open", open.len());
        std::fs::remove_file(&path).unwrap();
        assert!(connect_unix(&path, Deadline::NEVER).is_err());
        assert!(connect_unix("/x/".repeat(60).as_ref(), Deadline::NEVER).is_err());
    }
}
