//! Signals that a thread waits for, instead of handlers: sigsetops(3), pthread_sigmask(3), sigwait(3).

use std::io;
use std::mem::MaybeUninit;

use libc::c_int;

/// A set of blocked signals, which only `wait` receives.
pub(crate) struct Signals(libc::sigset_t);

impl Signals {
    /// Blocks `signals` in this thread and in the threads that it starts later.
    ///
    /// # Errors
    /// A number is not a signal.
    pub(crate) fn block(signals: &[c_int]) -> io::Result<Self> {
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: sigsetops(3): sigemptyset initialises the set that it is given.
        answer(unsafe { libc::sigemptyset(set.as_mut_ptr()) })?;
        // SAFETY: initialised by the line above.
        let mut set = unsafe { set.assume_init() };
        for signal in signals {
            // SAFETY: sigsetops(3): the set is initialised; a wrong number is answered with an error.
            answer(unsafe { libc::sigaddset(&raw mut set, *signal) })?;
        }
        // SAFETY: pthread_sigmask(3): the set is initialised, and the old mask is not asked for.
        match unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) } {
            0 => Ok(Signals(set)),
            number => Err(io::Error::from_raw_os_error(number)),
        }
    }

    /// Waits until one of the signals is received.
    ///
    /// # Errors
    /// The set is not valid.
    pub(crate) fn wait(&self) -> io::Result<c_int> {
        let mut signal = 0;
        // SAFETY: sigwait(3): both pointers refer to initialised memory.
        match unsafe { libc::sigwait(&raw const self.0, &raw mut signal) } {
            0 => Ok(signal),
            number => Err(io::Error::from_raw_os_error(number)),
        }
    }
}

fn answer(code: c_int) -> io::Result<()> {
    if code == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
