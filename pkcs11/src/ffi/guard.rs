//! The only return path to C: converts the arguments, stops panics, traces, and returns the code.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use cryptoki_sys::{CK_RV, CKR_GENERAL_ERROR, CKR_OK};
use tpm::trace;

use super::argument::Argument;
use crate::error::{Error, Result};

/// Runs the work of a function. Nothing unwinds into C.
///
/// # Safety
/// The shared promise of `ffi`.
pub(super) unsafe fn call<A: Argument>(
    name: &'static str,
    arguments: A,
    work: impl for<'a> FnOnce(A::Converted<'a>) -> Result<()>,
) -> CK_RV {
    let start = trace::enabled().then(Instant::now);
    let work = || {
        // SAFETY: promised by the caller.
        let arguments = unsafe { arguments.convert() }?;
        work(arguments)
    };
    let result = catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(Error::new(CKR_GENERAL_ERROR, "a fault of this module: it panicked")));
    // Formatting an error may panic as well.
    let traced = catch_unwind(AssertUnwindSafe(|| {
        if let Some(start) = start {
            report(name, start, &result);
        }
    }));
    match (result, traced) {
        (Ok(()), Ok(())) => CKR_OK,
        (Err(error), Ok(())) => error.code(),
        (_, Err(_)) => CKR_GENERAL_ERROR,
    }
}

#[cold]
fn report(name: &str, start: Instant, result: &Result<()>) {
    let microseconds = start.elapsed().as_micros();
    match result {
        Ok(()) => trace::line(format_args!("{name} ok {microseconds} us")),
        Err(error) => trace::line(format_args!("{name} failed {microseconds} us: {error}")),
    }
}
