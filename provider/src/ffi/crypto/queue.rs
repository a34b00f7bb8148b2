//! Refusals of libcrypto. Its reasons are already on the thread's error queue and suffice. If there is none,
//! this provider reports what it attempted.

use std::ffi::{CStr, c_ulong};
use std::fmt;
use std::ptr;

use crate::ffi::libcrypto::Libcrypto;

/// libcrypto refused. If it gave a reason, it is on the thread's error queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Refused(pub(crate) &'static str);

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "OpenSSL could not {}", self.0)
    }
}

impl std::error::Error for Refused {}

/// Turns libcrypto's "1 is success" into a result.
pub(super) fn succeed(result: i32, what: &'static str) -> Result<(), Refused> {
    if result > 0 { Ok(()) } else { Err(Refused(what)) }
}

impl Libcrypto {
    /// Runs a trial whose failure is not an error: the errors it raised are removed from the queue.
    pub(crate) fn quietly<T>(&self, trial: impl FnOnce() -> T) -> T {
        // An empty queue accepts no mark (the result is 0), and the pop then empties it. So the result does
        // not matter.
        // SAFETY: touches only the error queue of this thread (ERR_set_mark(3ossl)).
        unsafe { (self.ERR_set_mark)() };
        let result = trial();
        // SAFETY: as above.
        unsafe { (self.ERR_pop_to_mark)() };
        result
    }

    /// The last error on this thread's queue; 0 if there is none.
    pub(crate) fn last_error(&self) -> c_ulong {
        // SAFETY: touches only the error queue of this thread. NULL is allowed if the name is not wanted
        // (ERR_peek_last_error_func(3ossl)).
        unsafe { (self.ERR_peek_last_error_func)(ptr::null_mut()) }
    }

    /// Returns true if this function raised the last error on this thread's queue.
    pub(crate) fn is_last_error_of(&self, function: &CStr) -> bool {
        let mut name = ptr::null();
        // SAFETY: writes one pointer to a C string that the queue holds (ERR_peek_last_error_func(3ossl)).
        let error = unsafe { (self.ERR_peek_last_error_func)(&raw mut name) };
        // SAFETY: as above; nothing changes the queue in between.
        error != 0 && !name.is_null() && unsafe { CStr::from_ptr(name) } == function
    }
}

#[cfg(test)]
mod tests {
    use crate::ffi::crypto::{Digest, PrivateContext};
    use crate::ffi::libcrypto::tests::Testing;

    #[test]
    fn a_trial_leaves_the_queue_as_it_was() {
        let context = PrivateContext::for_tests();
        let libcrypto = context.libcrypto();
        let Testing { ERR_clear_error, ERR_peek_last_error, .. } = Testing::functions();
        let fails = || assert!(Digest::fetch(&context, "no-such-digest").is_err());
        // SAFETY: these touch only the error queue of this thread.
        unsafe { ERR_clear_error() };
        libcrypto.quietly(fails);
        // SAFETY: as above.
        assert_eq!(unsafe { ERR_peek_last_error() }, 0, "on an empty queue");
        fails();
        // SAFETY: as above.
        let before = unsafe { ERR_peek_last_error() };
        assert_ne!(before, 0);
        libcrypto.quietly(|| crate::ffi::crypto::Pkey::public_ec(&context, "no-such-curve", &[4]).is_err());
        // SAFETY: as above.
        assert_eq!(unsafe { ERR_peek_last_error() }, before, "on one with an error");
        // SAFETY: as above.
        unsafe { ERR_clear_error() };
    }
}
