//! SIGPIPE: tpm2-tss writes to sockets by write(2), and a manager that is gone would kill the host process, whose signal dispositions are
//! not ours to set (signal(7), pipe(7)).

use std::mem::MaybeUninit;
use std::ptr;

/// Runs `work` with SIGPIPE blocked in this thread; one that it raised is taken away, one that was pending before stays.
pub(crate) fn without_sigpipe<T>(work: impl FnOnce() -> T) -> T {
    let pipe = sigpipe();
    let was_pending = pending(&pipe);
    let mut before = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: pthread_sigmask(3) reads one set and writes the other.
    let blocked =
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const pipe, before.as_mut_ptr()) } == 0;
    let result = work();
    if blocked {
        if !was_pending && pending(&pipe) {
            let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
            // SAFETY: sigtimedwait(2) reads a set and a time; it may get NULL for the details.
            unsafe { libc::sigtimedwait(&raw const pipe, ptr::null_mut(), &raw const now) };
        }
        // SAFETY: pthread_sigmask(3) reads the set that it wrote above.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut()) };
    }
    result
}

fn sigpipe() -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: sigemptyset(3) writes one set.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: sigaddset(3) changes an initialised set.
    unsafe { libc::sigaddset(set.as_mut_ptr(), libc::SIGPIPE) };
    // SAFETY: initialised by sigemptyset.
    unsafe { set.assume_init() }
}

/// Whether SIGPIPE waits for this thread or its process.
fn pending(pipe: &libc::sigset_t) -> bool {
    let mut set = *pipe;
    // SAFETY: sigpending(2) writes one set.
    let known = unsafe { libc::sigpending(&raw mut set) } == 0;
    // SAFETY: sigismember(3) reads an initialised set.
    known && unsafe { libc::sigismember(&raw const set, libc::SIGPIPE) } == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken_pipe() {
        let mut ends = [-1; 2];
        // SAFETY: pipe(2) writes two descriptors.
        assert_eq!(unsafe { libc::pipe(ends.as_mut_ptr()) }, 0);
        // SAFETY: close(2) of a descriptor of our own.
        unsafe { libc::close(ends[0]) };
        // SAFETY: write(2) reads one octet.
        let written = unsafe { libc::write(ends[1], c"x".as_ptr().cast(), 1) };
        assert_eq!(written, -1);
        // SAFETY: close(2) of a descriptor of our own.
        unsafe { libc::close(ends[1]) };
    }

    #[test]
    fn a_broken_pipe_kills_nobody_and_leaves_nothing_pending() {
        // Rust's test harness ignores SIGPIPE; most hosts written in C do not.
        // SAFETY: signal(2) takes two integers; std's sockets write with MSG_NOSIGNAL, so no other test is concerned.
        let before = unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        without_sigpipe(broken_pipe);
        assert!(!pending(&sigpipe()));
        without_sigpipe(broken_pipe);
        // SAFETY: as above.
        unsafe { libc::signal(libc::SIGPIPE, before) };
    }
}
