//! Starts a thread in the host's process that the host does not notice: no signal of the process is delivered to it.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::thread::Builder;

use super::libcrypto::stay_loaded;

/// These signals report a fault of the thread itself. If they were blocked, the host's handler would not run (pthread_sigmask(3)).
const SYNCHRONOUS: [libc::c_int; 7] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGABRT, libc::SIGTRAP, libc::SIGSYS];

/// Starts a thread. It inherits the mask that this thread has meanwhile. The module stays loaded from now on: the thread may still run its
/// code when the provider is unloaded.
///
/// # Errors
/// The system allows no more threads, or the module cannot be kept loaded.
pub(crate) fn start(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    if !stay_loaded() {
        return Err(io::Error::other("the module cannot be kept loaded"));
    }
    let mut blocked = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: sigfillset(3) writes one set.
    unsafe { libc::sigfillset(blocked.as_mut_ptr()) };
    for signal in SYNCHRONOUS {
        // SAFETY: sigdelset(3) changes an initialised set.
        unsafe { libc::sigdelset(blocked.as_mut_ptr(), signal) };
    }
    let mut before = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: pthread_sigmask(3) reads one set and writes the other.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, blocked.as_ptr(), before.as_mut_ptr()) };
    let started = Builder::new().name("tpm2".to_owned()).spawn(work);
    // SAFETY: pthread_sigmask(3) reads the set that it wrote above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut()) };
    started.map(drop)
}
