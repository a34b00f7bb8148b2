//! Signals during calls into tpm2-tss, which takes an interrupted system call for a broken connection, and a broken connection with
//! SIGPIPE for its end (signal(7)). Dispositions are the host's, so only this thread's mask changes, and only for the call.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr;

/// These tell of a fault in this thread; while blocked they would kill it unseen (pthread_sigmask(3)).
const SYNCHRONOUS: [libc::c_int; 7] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGABRT, libc::SIGTRAP, libc::SIGSYS];

/// Somebody asks the process to end or to stop. Where the host leaves that to the kernel, no handler interrupts anything, so it
/// happens at once.
const REQUESTS: [libc::c_int; 5] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGTSTP];

thread_local! {
    /// Whether this thread is in such a call: what it forks now is a program that tpm2-tss starts. Without a destructor, for this library
    /// may be unloaded before the thread ends.
    static IN_TSS_CALL: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` without being interrupted by a signal handler; a SIGPIPE that it raised is taken away, one that was pending before
/// stays. Signals that arrive meanwhile are delivered afterwards.
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

/// In a child: if tpm2-tss has forked it, to execute a program, that can be ended by SIGTERM. tcti-cmd ends its program so, and waits for
/// it; but a mask and what is ignored outlive execve(2), be they ours or the host's.
pub(super) fn reset_signals_in_child() {
    if IN_TSS_CALL.replace(false) {
        let mut none = MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: sigemptyset(3) writes one set.
        unsafe { libc::sigemptyset(none.as_mut_ptr()) };
        // SAFETY: signal(2) takes two integers. The child has no handler of ours, and none of the host's is missed before execve(2).
        unsafe { libc::signal(libc::SIGTERM, libc::SIG_DFL) };
        // SAFETY: pthread_sigmask(3) reads one set.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut()) };
    }
}

fn signals_to_block() -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: sigfillset(3) writes one set.
    unsafe { libc::sigfillset(set.as_mut_ptr()) };
    // SAFETY: initialised by sigfillset.
    let mut set = unsafe { set.assume_init() };
    let requests = REQUESTS.into_iter().filter(|&signal| is_default(signal));
    for signal in SYNCHRONOUS.into_iter().chain(requests) {
        // SAFETY: sigdelset(3) changes an initialised set.
        unsafe { libc::sigdelset(&raw mut set, signal) };
    }
    set
}

/// Whether the kernel deals with the signal.
fn is_default(signal: libc::c_int) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: sigaction(2) without a new action only writes the present one.
    let known = unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) } == 0;
    // SAFETY: all zeros is an action, and so is what sigaction wrote over it.
    let action = unsafe { action.assume_init() };
    known && action.sa_sigaction == libc::SIG_DFL
}

/// Whether the signal waits for this thread or its process.
fn is_pending(signal: libc::c_int) -> bool {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: sigpending(2) writes one set.
    let known = unsafe { libc::sigpending(set.as_mut_ptr()) } == 0;
    // SAFETY: sigismember(3) reads a set that is initialised: all zeros is one, too.
    known && unsafe { libc::sigismember(set.as_ptr(), signal) } == 1
}

fn consume_pending(signal: libc::c_int) {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: sigemptyset(3) writes one set.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: sigaddset(3) changes an initialised set.
    unsafe { libc::sigaddset(set.as_mut_ptr(), signal) };
    let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: sigtimedwait(2) reads a set and a time; it may get NULL for the details.
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
        // SAFETY: close(2) of a descriptor of our own.
        unsafe { libc::close(ends[0]) };
        // SAFETY: write(2) reads one byte.
        let written = unsafe { libc::write(ends[1], c"x".as_ptr().cast(), 1) };
        assert_eq!(written, -1);
        // SAFETY: close(2) of a descriptor of our own.
        unsafe { libc::close(ends[1]) };
    }

    fn on(signal: libc::c_int, handler: libc::sighandler_t) -> libc::sighandler_t {
        // SAFETY: signal(2) takes two integers, or a function that is safe in a handler.
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
            // SAFETY: the child calls only async-signal-safe functions, and leaves by a signal or _exit(2).
            match unsafe { libc::fork() } {
                0 => {
                    // SAFETY: raise(3) takes a number; what is not blocked is delivered before it returns.
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
        // The host blocks it in this thread, as servers do that leave signals to one of theirs.
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
        // SAFETY: pthread_kill(3) of this very thread.
        let raise = || unsafe { libc::pthread_kill(thread, libc::SIGUSR2) };
        let during = with_signals_blocked(|| {
            raise();
            SEEN.load(Ordering::SeqCst)
        });
        assert_eq!((during, SEEN.load(Ordering::SeqCst)), (0, 1));
        // Whoever runs the tests may ignore it (nohup(1)).
        on(libc::SIGHUP, libc::SIG_DFL);
        let contains = |signal| {
            let set = signals_to_block();
            // SAFETY: sigismember(3) reads an initialised set.
            unsafe { libc::sigismember(&raw const set, signal) == 1 }
        };
        assert!(contains(libc::SIGUSR1) && contains(libc::SIGALRM) && contains(libc::SIGPIPE));
        assert!(!contains(libc::SIGSEGV) && !contains(libc::SIGHUP), "nobody handles SIGHUP here");
        on(libc::SIGHUP, handler as libc::sighandler_t);
        assert!(contains(libc::SIGHUP));
        on(libc::SIGHUP, libc::SIG_DFL);
    }
}
