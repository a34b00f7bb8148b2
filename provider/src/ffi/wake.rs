//! Wakes a program that waits for a job: by a descriptor, eventfd(2), and by the callback that it may have set
//! (ASYNC_WAIT_CTX_set_callback(3ossl)).

use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// The descriptor and the callback of one wait context.
pub(crate) struct Wake {
    descriptor: OwnedFd,
    pub(super) callback: Option<Callback>,
}

/// A function of the program with its argument.
pub(super) struct Callback {
    function: unsafe extern "C" fn(*mut c_void) -> c_int,
    argument: *mut c_void,
}

// SAFETY: ASYNC_WAIT_CTX_set_callback(3ossl): the callback is called when the operation has ended, from whichever thread that is.
unsafe impl Send for Callback {}

impl Callback {
    pub(super) fn new(function: unsafe extern "C" fn(*mut c_void) -> c_int, argument: *mut c_void) -> Self {
        Self { function, argument }
    }
}

impl Wake {
    /// Makes a descriptor that becomes readable by `wake`, as often as `wake` was called.
    ///
    /// # Errors
    /// The process has no free descriptor.
    pub(crate) fn new() -> io::Result<Self> {
        let flags = libc::EFD_CLOEXEC | libc::EFD_NONBLOCK | libc::EFD_SEMAPHORE;
        // SAFETY: eventfd(2) takes two numbers.
        let descriptor = unsafe { libc::eventfd(0, flags) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a new descriptor without another owner.
        Ok(Self { descriptor: unsafe { OwnedFd::from_raw_fd(descriptor) }, callback: None })
    }

    pub(super) fn descriptor(&self) -> c_int {
        self.descriptor.as_raw_fd()
    }

    /// Wakes the program.
    pub(crate) fn wake(&self) {
        let one = 1_u64.to_ne_bytes();
        // SAFETY: write(2) reads eight bytes.
        unsafe { libc::write(self.descriptor(), one.as_ptr().cast(), one.len()) };
        if let Some(Callback { function, argument }) = &self.callback {
            // SAFETY: the wait context exists, and with it the argument: `Desk` keeps it from being freed meanwhile.
            unsafe { function(*argument) };
        }
    }

    /// Takes back one `wake`: its result has been taken.
    pub(crate) fn take_one(&self) {
        let mut one = [0; 8];
        // SAFETY: read(2) writes eight bytes.
        unsafe { libc::read(self.descriptor(), one.as_mut_ptr().cast(), one.len()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_readable(wake: &Wake) -> bool {
        let mut polled = libc::pollfd { fd: wake.descriptor(), events: libc::POLLIN, revents: 0 };
        // SAFETY: poll(2) reads and writes one structure.
        (unsafe { libc::poll(&raw mut polled, 1, 0) }) == 1
    }

    #[test]
    fn descriptor_is_readable_until_each_wake_is_taken() {
        let wake = Wake::new().unwrap();
        assert!(!is_readable(&wake));
        wake.wake();
        wake.wake();
        wake.take_one();
        assert!(is_readable(&wake), "the other job's result has not been taken");
        wake.take_one();
        wake.take_one();
        assert!(!is_readable(&wake));
    }

    #[test]
    fn callback_gets_its_argument() {
        unsafe extern "C" fn count(calls: *mut c_void) -> c_int {
            // SAFETY: the number below.
            unsafe { *calls.cast::<u32>() += 1 };
            1
        }
        let mut calls = 0_u32;
        let mut wake = Wake::new().unwrap();
        wake.callback = Some(Callback::new(count, (&raw mut calls).cast()));
        wake.wake();
        wake.wake();
        drop(wake);
        assert_eq!(calls, 2);
    }
}
