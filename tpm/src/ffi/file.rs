//! Flags of file descriptors.

/// Sets FD_CLOEXEC. It does not matter if the descriptor is already closed.
pub(crate) fn close_on_exec(fd: i32) {
    // SAFETY: fcntl(2) with F_SETFD takes an int and no memory.
    unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
}
