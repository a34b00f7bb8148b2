//! The only return path to C. It borrows the handle, converts the arguments, stops panics, raises an error
//! once, and traces.
//!
//! Every function that C calls goes through it (a `house` story checks this). Functions with a handle use
//! `shared`, `exclusive` or `free`. Functions without a handle to raise an error on use `contain`:
//! OSSL_provider_init, keymgmt's load and query_operation_name, the lists of parameters and algorithms, and
//! the callbacks of libcrypto. The only exception is get_reason_strings, which returns the address of a
//! constant.
//!
//! Shared promise of all callers (the thunks in `ffi/op`): libcrypto calls a slot as its manual page
//! describes. Pointers were made by `handle::give` for the same table, or are NULL. Buffers have the given
//! length. Strings and parameter arrays live until the call returns.

use std::any::Any;
use std::ffi::{CStr, c_char, c_int, c_ulong, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;
use std::time::Instant;

use tpm::trace;

use super::crypto::Verdict;
use super::errno::Errno;
use super::handle::{self, Handle, Operation};
use super::params::Descriptors;
use super::raw::Raw;
use super::sys::OSSL_PARAM;
use crate::error::{Error, Reason, Result};
use crate::key::Key;
use crate::provider::Provider;

/// A result that can be returned to C.
pub(crate) trait Answer {
    /// The C type.
    type C;
    /// The value that a failed call returns.
    const FAILED: Self::C;
    /// The value that a successful call returns.
    fn into_c(self) -> Self::C;
}

impl Answer for () {
    type C = c_int;
    const FAILED: c_int = 0;
    fn into_c(self) -> c_int {
        1
    }
}

/// False is 0 without an error.
impl Answer for bool {
    type C = c_int;
    const FAILED: c_int = 0;
    fn into_c(self) -> c_int {
        c_int::from(self)
    }
}

/// A length; 0 means failure.
impl Answer for usize {
    type C = usize;
    const FAILED: usize = 0;
    fn into_c(self) -> usize {
        self
    }
}

/// The number that OpenSSL returned.
impl Answer for Verdict {
    type C = c_int;
    const FAILED: c_int = 0;
    fn into_c(self) -> c_int {
        self.0
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

/// A pointer to an existing object.
impl Answer for *mut c_void {
    type C = *mut c_void;
    const FAILED: *mut c_void = ptr::null_mut();
    fn into_c(self) -> *mut c_void {
        self
    }
}

impl Answer for &'static CStr {
    type C = *const c_char;
    const FAILED: *const c_char = ptr::null();
    fn into_c(self) -> *const c_char {
        self.as_ptr()
    }
}

/// `None` means failure.
impl<R: Answer> Answer for Option<R> {
    type C = R::C;
    const FAILED: R::C = R::FAILED;
    fn into_c(self) -> R::C {
        self.map_or(R::FAILED, R::into_c)
    }
}

/// Runs a call on something that other threads may use too: the provider instance, a key, a context that is
/// copied.
///
/// # Safety
/// The shared promise above.
pub(crate) unsafe fn shared<H: Handle, A: Raw, R: Answer>(
    entry: &'static CStr,
    handle: *const c_void,
    arguments: A,
    work: impl for<'a> FnOnce(&'a H, A::Converted<'a>) -> Result<R>,
) -> R::C {
    // SAFETY: promised by the caller.
    let Some(handle) = (unsafe { handle::lend::<H>(handle) }) else { return R::FAILED };
    run(handle.provider(), entry, || {
        // SAFETY: promised by the caller.
        let arguments = unsafe { arguments.convert() }?;
        work(handle, arguments)
    })
}

/// Runs a call on a context, which one thread uses at a time.
///
/// # Safety
/// The shared promise above.
pub(crate) unsafe fn exclusive<T: 'static, A: Raw, R: Answer>(
    entry: &'static CStr,
    handle: *mut c_void,
    arguments: A,
    work: impl for<'a> FnOnce(Exclusive<'a, T>, A::Converted<'a>) -> Result<R>,
) -> R::C {
    // SAFETY: promised by the caller.
    let Some(handle) = (unsafe { handle::lend_mut::<Operation<T>>(handle) }) else { return R::FAILED };
    // Borrowed: the stack of a job that is abandoned during the call counts no instance (see `jobs`).
    let Operation { provider, state } = handle;
    run(provider, entry, || {
        // SAFETY: promised by the caller.
        let arguments = unsafe { arguments.convert() }?;
        work(Exclusive { provider, state }, arguments)
    })
}

/// A context that one call uses.
pub(crate) struct Exclusive<'a, T> {
    /// The instance that created it.
    pub(crate) provider: &'a Arc<Provider>,
    /// What the operation keeps.
    pub(crate) state: &'a mut T,
}

/// Takes back what libcrypto held, and drops it.
///
/// # Safety
/// The shared promise above. libcrypto does not use the pointer afterwards.
pub(crate) unsafe fn free<H: Handle>(entry: &'static CStr, pointer: *mut c_void) {
    // SAFETY: promised by the caller.
    let Some(handle) = (unsafe { handle::take::<H>(pointer) }) else { return };
    // The drop of the last owner, below and outside `run`, disconnects from the TPM. It must keep errno too.
    let _errno = Errno::save();
    let provider = Arc::clone(handle.provider());
    run(&provider, entry, || {
        drop(handle);
        Ok(())
    });
    // The last owner of the instance disconnects from the TPM. No error can be raised any more.
    contain(|| drop(provider));
}

/// Runs work without a handle to raise an error on. Nothing unwinds into C; a panic becomes a failure. If
/// libcrypto called back during a call into this provider, that outer call reports the failure.
pub(in crate::ffi) fn contain<R: Answer>(work: impl FnOnce() -> R) -> R::C {
    catch_unwind(AssertUnwindSafe(|| work().into_c())).unwrap_or(R::FAILED)
}

/// Runs the work of a slot. Nothing unwinds into C, and an error is raised once.
fn run<R: Answer>(provider: &Provider, entry: &'static CStr, work: impl FnOnce() -> Result<R>) -> R::C {
    let _errno = Errno::save();
    let start = trace::enabled().then(Instant::now);
    let before = provider.core().libcrypto().last_error();
    let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(&*panic)));
    // Formatting an error may panic as well.
    contain(|| {
        if let Some(start) = start {
            report(entry, start, &result);
        }
        result.map_err(|error| raise_once(provider, entry, &error, before)).ok()
    })
}

/// Raises the error of a call; `before` is the last error before it. One error per failure, as in OpenSSL's own
/// provider: if software refused, OpenSSL has already reported why.
#[cold]
#[inline(never)]
fn raise_once(provider: &Provider, entry: &CStr, error: &Error, before: c_ulong) {
    let last = provider.core().libcrypto().last_error();
    if !error.is_software_refusal() || [0, before].contains(&last) {
        provider.core().raise(entry, error);
    }
}

#[cold]
#[inline(never)]
fn report<R>(entry: &CStr, start: Instant, result: &Result<R>) {
    let name = entry.to_string_lossy();
    let microseconds = start.elapsed().as_micros();
    match result {
        Ok(_) => trace::line(format_args!("{name} ok {microseconds} us")),
        Err(error) => trace::line(format_args!("{name} failed {microseconds} us: {error}")),
    }
}

/// Turns a panic into an error. Its message goes to the error queue, because the panic hook of this module
/// prints nothing.
#[cold]
#[inline(never)]
pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Error {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a message");
    Error::new(Reason::Internal, format!("panic: {message}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::ffi::core::Core;
    use crate::ffi::crypto::Refused;
    use crate::ffi::libcrypto::Libcrypto;
    use crate::ffi::sys::{OSSL_CORE_HANDLE, OSSL_DISPATCH};
    use crate::ffi::upcalls::Upcalls;

    /// The raised reasons in order, with a 0 for each new error.
    static RAISED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

    unsafe extern "C" fn new_error(_: *const OSSL_CORE_HANDLE) {
        RAISED.lock().unwrap().push(0);
    }

    unsafe extern "C" fn set_debug(
        _: *const OSSL_CORE_HANDLE,
        _: *const c_char,
        _: c_int,
        function: *const c_char,
    ) {
        // SAFETY: the name of the entry.
        assert_eq!(unsafe { CStr::from_ptr(function) }, c"entry");
    }

    unsafe extern "C" fn vset_error(
        _: *const OSSL_CORE_HANDLE,
        reason: u32,
        _: *const c_char,
        _: *mut c_void,
    ) {
        RAISED.lock().unwrap().push(reason);
    }

    type Erased = unsafe extern "C" fn();

    fn row(function_id: c_int, function: Erased) -> OSSL_DISPATCH {
        OSSL_DISPATCH { function_id, function: Some(function) }
    }

    /// A core that only records errors.
    fn provider() -> *mut c_void {
        let new_error: unsafe extern "C" fn(*const OSSL_CORE_HANDLE) = new_error;
        let set_debug: unsafe extern "C" fn(_, _, _, _) = set_debug;
        let vset_error: unsafe extern "C" fn(_, _, _, _) = vset_error;
        let table = [
            // SAFETY: function pointers have one layout. `Upcalls::read` converts this one back by its
            // number. The same holds below.
            row(5, unsafe { std::mem::transmute::<unsafe extern "C" fn(_), Erased>(new_error) }),
            // SAFETY: as above.
            row(6, unsafe { std::mem::transmute::<unsafe extern "C" fn(_, _, _, _), Erased>(set_debug) }),
            // SAFETY: as above.
            row(7, unsafe { std::mem::transmute::<unsafe extern "C" fn(_, _, _, _), Erased>(vset_error) }),
            crate::ffi::dispatch::END,
        ];
        // SAFETY: the table ends with number 0.
        let upcalls = unsafe { Upcalls::read(table.as_ptr()) };
        // SAFETY: its functions accept any handle. The table is not used afterwards.
        let core = unsafe { Core::new(ptr::null(), table.as_ptr(), upcalls, Libcrypto::for_tests()) };
        handle::give(Arc::new(Provider::new(core, Err(Refused("show an application")))))
    }

    #[test]
    fn a_panic_without_a_handle_is_a_failure() {
        assert_eq!(contain(|| true), 1);
        assert_eq!(contain(|| -> bool { panic!("inside") }), 0);
        assert!(contain(|| -> &Descriptors { panic!("inside") }).is_null());
    }

    #[test]
    fn panics_do_not_unwind_and_errors_are_raised_once() {
        let provider = provider();
        let call = |work: fn() -> Result<bool>| {
            // SAFETY: the handle is alive.
            unsafe { shared(c"entry", provider, (), |_: &Arc<Provider>, ()| work()) }
        };
        assert_eq!(call(|| Ok(true)), 1);
        assert_eq!(call(|| Ok(false)), 0);
        assert!(RAISED.lock().unwrap().is_empty(), "false is not an error");
        assert_eq!(call(|| Err(Error::new(Reason::Digest, "x"))), 0);
        assert_eq!(call(|| panic!("in the work")), 0);
        let internal = Reason::Internal.number();
        assert_eq!(*RAISED.lock().unwrap(), [0, Reason::Digest.number(), 0, internal]);
        // SAFETY: NULL is allowed everywhere, and fails.
        let null = unsafe { shared(c"entry", ptr::null(), (), |_: &Arc<Provider>, ()| Ok(())) };
        assert_eq!(null, 0);
        // SAFETY: given above, not used afterwards.
        unsafe { free::<Arc<Provider>>(c"entry", provider) };
    }
}
