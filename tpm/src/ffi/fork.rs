//! pthread_atfork(3): counts the forks between the first process that asks and this one, and prepares children that tpm2-tss starts.

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use super::signals;

static FORKS: AtomicU32 = AtomicU32::new(0);

/// Returns the number of forks since the first call, counted in the child.
pub(crate) fn forks() -> u32 {
    count_forks();
    FORKS.load(Ordering::Relaxed)
}

/// Counts the forks from now on, and lets programs that tpm2-tss starts be terminated.
///
/// glibc removes the handler when it unloads the library that registered it (its pthread_atfork is linked into each library and
/// passes the library's own __dso_handle). musl never unloads a library. A child of vfork(2) or of a plain clone(2) is not counted.
pub(super) fn count_forks() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: pthread_atfork(3) keeps a function pointer, which is valid as long as this library is loaded.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
}

extern "C" fn in_child() {
    // The child has one thread. An atomic is also safe in a signal handler.
    FORKS.fetch_add(1, Ordering::Relaxed);
    signals::reset_signals_in_child();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forks_are_counted_in_the_child_only() {
        let before = forks();
        // SAFETY: fork(2); the child only exits by _exit(2).
        let child = unsafe { libc::fork() };
        if child == 0 {
            let counted = forks().wrapping_sub(before);
            // SAFETY: _exit(2) takes a number.
            unsafe { libc::_exit(i32::try_from(counted).unwrap_or(-1)) };
        }
        let mut status = 0;
        // SAFETY: waitpid(2) writes one status.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert!(libc::WIFEXITED(status));
        assert_eq!((libc::WEXITSTATUS(status), forks()), (1, before));
    }
}
