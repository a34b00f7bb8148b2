//! What a refusal of libcrypto looks like: its reasons stand on the thread's error queue, we say what was attempted.

use std::fmt;

use super::sys;

/// libcrypto refused; why is on the error queue of the thread, below what the provider adds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Refused(pub(crate) &'static str);

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "OpenSSL's software could not {}", self.0)
    }
}

impl std::error::Error for Refused {}

/// Turns libcrypto's "1 is success" into a result.
pub(super) fn succeed(result: i32, what: &'static str) -> Result<(), Refused> {
    if result > 0 { Ok(()) } else { Err(Refused(what)) }
}

/// Runs a trial whose failure is no error: what it raised leaves the queue.
pub(crate) fn quietly<T>(trial: impl FnOnce() -> T) -> T {
    // SAFETY: touches only the error queue of this thread (ERR_set_mark(3ossl)).
    let marked = unsafe { sys::ERR_set_mark() };
    let result = trial();
    if marked == 1 {
        // SAFETY: the mark was set above.
        unsafe { sys::ERR_pop_to_mark() };
    }
    result
}
