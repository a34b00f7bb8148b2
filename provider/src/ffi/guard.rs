//! The one way out to C: it borrows the handle, converts the arguments, stops panics, raises an error once, traces.
//!
//! Shared promise of all callers (the thunks in `ffi/op`): libcrypto calls a slot with what its manual page says, that is with
//! pointers that `handle::give` made for the same table (or NULL), with buffers of the given length, and with strings and
//! parameter arrays that live until the call returns.

use std::any::Any;
use std::ffi::{CStr, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;
use std::time::Instant;

use tpm::trace;

use super::handle::{self, Handle, Operation};
use super::params::Descriptors;
use super::raw::Raw;
use super::sys::OSSL_PARAM;
use crate::error::{Error, Reason, Result};
use crate::key::Key;
use crate::provider::Provider;

/// How a result looks in C.
pub(crate) trait Answer {
    /// The C type.
    type C;
    /// What a failed call returns.
    const FAILED: Self::C;
    /// What a successful call returns.
    fn into_c(self) -> Self::C;
}

impl Answer for () {
    type C = c_int;
    const FAILED: c_int = 0;
    fn into_c(self) -> c_int {
        1
    }
}

/// No: 0, without an error.
impl Answer for bool {
    type C = c_int;
    const FAILED: c_int = 0;
    fn into_c(self) -> c_int {
        c_int::from(self)
    }
}

impl<T: 'static> Answer for Operation<T> {
    type C = *mut c_void;
    const FAILED: *mut c_void = ptr::null_mut();
    fn into_c(self) -> *mut c_void {
        handle::give(self)
    }
}

impl Answer for Arc<Key> {
    type C = *mut c_void;
    const FAILED: *mut c_void = ptr::null_mut();
    fn into_c(self) -> *mut c_void {
        handle::give(self)
    }
}

/// The context of an operation without state.
impl Answer for Arc<Provider> {
    type C = *mut c_void;
    const FAILED: *mut c_void = ptr::null_mut();
    fn into_c(self) -> *mut c_void {
        handle::give(self)
    }
}

impl Answer for &Descriptors {
    type C = *const OSSL_PARAM;
    const FAILED: *const OSSL_PARAM = ptr::null();
    fn into_c(self) -> *const OSSL_PARAM {
        self.as_ptr()
    }
}

/// A call on something that other threads may use too: the provider instance or a key.
///
/// # Safety
/// The shared promise above.
pub(crate) unsafe fn shared<H: Handle, A: Raw, R: Answer>(
    entry: &'static CStr,
    handle: *const c_void,
    arguments: A,
    work: impl for<'a> FnOnce(&'a H, A::Cooked<'a>) -> Result<R>,
) -> R::C {
    // SAFETY: promised by the caller.
    let Some(handle) = (unsafe { handle::lend::<H>(handle) }) else { return R::FAILED };
    run(handle.provider(), entry, || {
        // SAFETY: promised by the caller.
        let arguments = unsafe { arguments.cook() }?;
        work(handle, arguments)
    })
}

/// A call on a context, which one thread uses at a time.
///
/// # Safety
/// The shared promise above.
pub(crate) unsafe fn exclusive<T: 'static, A: Raw, R: Answer>(
    entry: &'static CStr,
    handle: *mut c_void,
    arguments: A,
    work: impl for<'a> FnOnce(&'a mut Operation<T>, A::Cooked<'a>) -> Result<R>,
) -> R::C {
    // SAFETY: promised by the caller.
    let Some(handle) = (unsafe { handle::lend_mut::<Operation<T>>(handle) }) else { return R::FAILED };
    let provider = Arc::clone(handle.provider());
    run(&provider, entry, || {
        // SAFETY: promised by the caller.
        let arguments = unsafe { arguments.cook() }?;
        work(handle, arguments)
    })
}

/// Takes back what libcrypto held, and drops it.
///
/// # Safety
/// The shared promise above, and libcrypto uses the pointer no more.
pub(crate) unsafe fn free<H: Handle>(entry: &'static CStr, pointer: *mut c_void) {
    // SAFETY: promised by the caller.
    let Some(handle) = (unsafe { handle::take::<H>(pointer) }) else { return };
    let provider = Arc::clone(handle.provider());
    run(&provider, entry, || {
        drop(handle);
        Ok(())
    });
}

/// Runs the work of an entry: nothing unwinds, an error is raised once.
fn run<R: Answer>(provider: &Provider, entry: &'static CStr, work: impl FnOnce() -> Result<R>) -> R::C {
    let start = trace::enabled().then(Instant::now);
    let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(&*panic)));
    if let Some(start) = start {
        let name = entry.to_string_lossy();
        let microseconds = start.elapsed().as_micros();
        match &result {
            Ok(_) => trace::line(format_args!("{name} ok {microseconds} us")),
            Err(error) => trace::line(format_args!("{name} failed {microseconds} us: {error}")),
        }
    }
    match result {
        Ok(answer) => answer.into_c(),
        Err(error) => {
            provider.core().raise(entry, &error);
            R::FAILED
        }
    }
}

/// A panic as an error: its message goes to the queue, because the hook of this module prints nothing.
fn panicked(panic: &(dyn Any + Send)) -> Error {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a message");
    Error::new(Reason::Internal, format!("panic: {message}"))
}
