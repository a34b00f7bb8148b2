//! Blocks signals during calls into tpm2-tss. It treats an interrupted system call as a broken connection, and a broken connection
//! raises SIGPIPE, which ends the process (signal(7)). The dispositions belong to the host, so only the mask of this thread is
//! changed, and only for the call.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr;

/// These signals report a fault in this thread. If they were blocked, the thread would be killed without its handler
/// (pthread_sigmask(3)).
const SYNCHRONOUS: [libc::c_int; 7] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGABRT, libc::SIGTRAP, libc::SIGSYS];

/// Requests to end or stop the process. If the host has no handler for one, nothing is interrupted, so it is not blocked and acts at
/// once.
const REQUESTS: [libc::c_int; 5] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGTSTP];

thread_local! {
    /// True while this thread is in such a call: a process forked now is a program that tpm2-tss starts. Without a destructor,
    /// because this library may be unloaded before the thread ends.
    static IN_TSS_CALL: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` without interruption by a signal handler. A SIGPIPE that `work` raises is discarded; one that was pending before is
/// kept. Signals that arrive meanwhile are delivered afterwards.
pub(crate) fn with_signals_blocked<T>(work: impl FnOnce() -> T) -> T {
    let was_pending = is_pending(libc::SIGPIPE);
    let set = signals_to_block();
    let mut before = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: pthread_sigmask(3) reads one set and writes the other.
    let blocked = unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, before.as_mut_ptr()) } == 0;
    let outside = IN_TSS_CALL.replace(true);
    let result = work();
    IN_TSS_CALL.set(outside);
    if blocked {
        if !was_pending && is_pending(libc::SIGPIPE) {
            consume_pending(libc::SIGPIPE);
        }
        // SAFETY: pthread_sigmask(3) reads the set that it wrote above.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut()) };
    }
    result
}

/// Resets the signals in a child that tpm2-tss has forked to execute a program, so that SIGTERM ends it. tcti-cmd ends its program so
/// and waits for it; but the mask and ignored signals survive execve(2), both ours and the host's.
pub(super) fn reset_signals_in_child() {
    if IN_TSS_CALL.replace(false) {
        let mut none = MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: sigemptyset(3) writes one set.
        unsafe { libc::sigemptyset(none.as_mut_ptr()) };
        // SAFETY: signal(2) takes two integers. The child has none of our handlers, and needs none of the host's before execve(2).
        unsafe { libc::signal(libc::SIGTERM, libc::SIG_DFL) };
        // SAFETY: pthread_sigmask(3) reads one set.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut()) };
    }
}

fn signals_to_block() -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: sigfillset(3) writes one set.
    unsafe { libc::sigfillset(set.as_mut_ptr()) };
    // SAFETY: sigfillset has initialised the set.
    let mut set = unsafe { set.assume_init() };
    let requests = REQUESTS.into_iter().filter(|&signal| is_default(signal));
    for signal in SYNCHRONOUS.into_iter().chain(requests) {
        // SAFETY: sigdelset(3) changes an initialised set.
        unsafe { libc::sigdelset(&raw mut set, signal) };
    }
    set
}

/// Returns true if the signal has its default action.
fn is_default(signal: libc::c_int) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: sigaction(2) without a new action only writes the current one.
    let known = unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) } == 0;
    // SAFETY: all zeros is a valid action, and so is what sigaction wrote over it.
    let action = unsafe { action.assume_init() };
    known && action.sa_sigaction == libc::SIG_DFL
}

/// Returns true if the signal is pending for this thread or its process.
fn is_pending(signal: libc::c_int) -> bool {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: sigpending(2) writes one set.
    let known = unsafe { libc::sigpending(set.as_mut_ptr()) } == 0;
    // SAFETY: sigismember(3) reads an initialised set: all zeros is a valid one.
    known && unsafe { libc::sigismember(set.as_ptr(), signal) } == 1
}

fn consume_pending(signal: libc::c_int) {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: sigemptyset(3) writes one set.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: sigaddset(3) changes an initialised set.
    unsafe { libc::sigaddset(set.as_mut_ptr(), signal) };
    let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: sigtimedwait(2) reads a set and a time, and accepts NULL for the details.
    unsafe { libc::sigtimedwait(set.as_ptr(), ptr::null_mut(), &raw const now) };
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn broken_pipe() {
        let mut ends = [-1; 2];
        // SAFETY: pipe(2) writes two descriptors.
        assert_eq!(unsafe { libc::pipe(ends.as_mut_ptr()) }, 0);
        // SAFETY: close(2) of our own descriptor.
        unsafe { libc::close(ends[0]) };
        // SAFETY: write(2) reads one byte.
        let written = unsafe { libc::write(ends[1], c"x".as_ptr().cast(), 1) };
        assert_eq!(written, -1);
        // SAFETY: close(2) of our own descriptor.
        unsafe { libc::close(ends[1]) };
    }

    fn on(signal: libc::c_int, handler: libc::sighandler_t) -> libc::sighandler_t {
        // SAFETY: signal(2) takes two integers, or a function that is safe in a signal handler.
        unsafe { libc::signal(signal, handler) }
    }

    #[test]
    fn a_broken_pipe_raises_no_sigpipe_and_leaves_none_pending() {
        // Rust's test harness ignores SIGPIPE; most hosts written in C do not. std's sockets write with MSG_NOSIGNAL.
        let before = on(libc::SIGPIPE, libc::SIG_DFL);
        with_signals_blocked(broken_pipe);
        assert!(!is_pending(libc::SIGPIPE));
        with_signals_blocked(broken_pipe);
        on(libc::SIGPIPE, before);
    }

    #[test]
    fn sigterm_ends_a_child_of_the_call_and_other_children_keep_their_mask() {
        super::super::fork::count_forks();
        let child_is_ended_by = || {
            // SAFETY: the child calls only async-signal-safe functions, and ends by a signal or _exit(2).
            match unsafe { libc::fork() } {
                0 => {
                    // SAFETY: raise(3) takes a number; an unblocked signal is delivered before it returns.
                    unsafe { libc::raise(libc::SIGTERM) };
                    // SAFETY: _exit(2) takes a number.
                    unsafe { libc::_exit(0) }
                }
                child => {
                    let mut status = 0;
                    // SAFETY: waitpid(2) writes one status.
                    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
                    libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status))
                }
            }
        };
        // The host blocks SIGTERM in this thread, as servers do that handle signals in another thread.
        let mut term = MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: sigemptyset(3) writes one set.
        unsafe { libc::sigemptyset(term.as_mut_ptr()) };
        // SAFETY: sigaddset(3) changes an initialised set.
        unsafe { libc::sigaddset(term.as_mut_ptr(), libc::SIGTERM) };
        // SAFETY: pthread_sigmask(3) reads one set.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, term.as_ptr(), ptr::null_mut()) };
        assert_eq!(child_is_ended_by(), None, "the host's own child has the host's mask");
        assert_eq!(with_signals_blocked(child_is_ended_by), Some(libc::SIGTERM));
        assert_eq!(child_is_ended_by(), None, "nothing stays");
    }

    #[test]
    #[expect(clippy::as_conversions, reason = "signal(2) takes a function as a number")]
    fn handlers_run_after_the_call_and_default_actions_are_not_delayed() {
        static SEEN: AtomicU32 = AtomicU32::new(0);
        extern "C" fn count(_: libc::c_int) {
            SEEN.fetch_add(1, Ordering::SeqCst);
        }
        let handler: extern "C" fn(libc::c_int) = count;
        on(libc::SIGUSR2, handler as libc::sighandler_t);
        // SAFETY: pthread_self(3) takes nothing.
        let thread = unsafe { libc::pthread_self() };
        // SAFETY: pthread_kill(3) of this thread.
        let raise = || unsafe { libc::pthread_kill(thread, libc::SIGUSR2) };
        let during = with_signals_blocked(|| {
            raise();
            SEEN.load(Ordering::SeqCst)
        });
        assert_eq!((during, SEEN.load(Ordering::SeqCst)), (0, 1));
        // The test runner may ignore it (nohup(1)).
        on(libc::SIGHUP, libc::SIG_DFL);
        let contains = |signal| {
            let set = signals_to_block();
            // SAFETY: sigismember(3) reads an initialised set.
            unsafe { libc::sigismember(&raw const set, signal) == 1 }
        };
        assert!(contains(libc::SIGUSR1) && contains(libc::SIGALRM) && contains(libc::SIGPIPE));
        assert!(!contains(libc::SIGSEGV) && !contains(libc::SIGHUP), "SIGHUP has no handler here");
        on(libc::SIGHUP, handler as libc::sighandler_t);
        assert!(contains(libc::SIGHUP));
        on(libc::SIGHUP, libc::SIG_DFL);
    }
}
