//! The libcrypto of the unit tests, which have no core: the one that the headers belong to.

use std::ffi::{CStr, CString, c_char, c_int, c_ulong, c_void};
use std::os::unix::ffi::OsStrExt;
use std::sync::{Arc, OnceLock};

use super::functions::functions;
use super::object::Object;
use super::{Libcrypto, Missing};
use crate::ffi::abi;
use crate::ffi::crypto::Refused;
use crate::ffi::job::Job;
use crate::ffi::sys::{Function, OSSL_CORE_HANDLE, OSSL_DISPATCH, OSSL_LIB_CTX};

functions! {
    TESTED =

    /// Functions that only the tests call.
    Testing {
        ERR_clear_error, "3.0": fn();
        ERR_peek_last_error, "3.0": fn() -> c_ulong;
        OSSL_LIB_CTX_new, "3.0": fn() -> *mut OSSL_LIB_CTX;
        OSSL_PROVIDER_add_builtin, "3.0": fn(*mut OSSL_LIB_CTX, *const c_char, Option<unsafe extern "C" fn(*const OSSL_CORE_HANDLE, *const OSSL_DISPATCH, *mut *const OSSL_DISPATCH, *mut *mut c_void) -> c_int>) -> c_int;
    }
}

/// A function of libcrypto.
const NAME: &CStr = c"OSSL_LIB_CTX_new";

impl Testing {
    pub(in crate::ffi) fn functions() -> Self {
        // SAFETY: the functions of libcrypto by their names.
        unsafe { Self::read(&function) }.unwrap()
    }
}

impl Libcrypto {
    pub(crate) fn for_tests() -> Arc<Self> {
        static FOUND: OnceLock<Arc<Libcrypto>> = OnceLock::new();
        // SAFETY: the function is part of libcrypto.
        let find = || unsafe { Libcrypto::around(function(NAME)) }.unwrap();
        Arc::clone(FOUND.get_or_init(find))
    }
}

/// Returns a function of the libcrypto that the headers belong to. That library stays loaded.
pub(in crate::ffi) fn function(name: &CStr) -> Function {
    // SAFETY: a string; libcrypto may be loaded at any time.
    let library = unsafe { libc::dlopen(c"libcrypto.so".as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    assert!(!library.is_null(), "libcrypto.so is not there: install the development files of OpenSSL");
    function_of(library, name)
}

fn function_of(library: *mut c_void, name: &CStr) -> Function {
    // SAFETY: an open library and a string.
    let symbol = unsafe { libc::dlsym(library, name.as_ptr()) };
    // SAFETY: NULL, or the address of a function.
    unsafe { std::mem::transmute::<*mut c_void, Function>(symbol) }
}

/// All functions but one.
fn without(missing: &'static CStr) -> Result<Libcrypto, Missing> {
    let find = |name: &CStr| function(name).filter(|_| name != missing);
    // SAFETY: the functions of libcrypto by their names.
    unsafe { Libcrypto::read(&find) }
}

#[test]
fn every_function_is_found() {
    let libcrypto = Libcrypto::for_tests();
    assert!(libcrypto.capabilities.is_ok() && libcrypto.children.is_ok() && libcrypto.encoding.is_ok());
    assert!(libcrypto.files.is_ok() && libcrypto.fips.is_ok());
    assert!(libcrypto.generation.is_ok() && libcrypto.jobs.is_ok() && libcrypto.names.is_ok());
}

#[test]
fn a_missing_function_disables_its_group_and_is_named() {
    let libcrypto = without(c"X509_NAME_cmp").unwrap();
    let refused = libcrypto.names.err().unwrap();
    assert_eq!(
        refused.to_string(),
        "OpenSSL could not call X509_NAME_cmp: this libcrypto lacks it, though OpenSSL has it since 3.0"
    );
    assert!(libcrypto.encoding.is_ok() && libcrypto.generation.is_ok());
    // Without asynchronous jobs, no thread is ever in one.
    assert!(Job::current(&without(c"ASYNC_pause_job").unwrap()).is_none());
    assert!(Job::current(&Libcrypto::for_tests()).is_none(), "this thread is in none");
    assert_eq!(without(c"EVP_MD_fetch").err().unwrap().function, "EVP_MD_fetch");
}

#[test]
fn a_function_of_another_library_is_refused() {
    unsafe extern "C" fn of_this_program() {}
    let known: unsafe extern "C" fn() = of_this_program;
    for (function, why) in [(Some(known), "does not export"), (None, "cannot find")] {
        // SAFETY: nothing of it is called, because nothing is found.
        let error = unsafe { Libcrypto::around(function) }.err().unwrap().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn each_libcrypto_of_a_process_has_its_own_table() {
    let path = |function| Object::around(function).unwrap().path();
    let inside = |libcrypto: &Libcrypto| {
        let free: unsafe extern "C" fn(*mut OSSL_LIB_CTX) = libcrypto.OSSL_LIB_CTX_free;
        // SAFETY: it is not called by its new type.
        path(Some(unsafe { std::mem::transmute::<unsafe extern "C" fn(_), unsafe extern "C" fn()>(free) }))
    };
    let first = path(function(NAME));
    let folder = tempfile::tempdir().unwrap();
    let second = folder.path().join("another.so");
    std::fs::copy(&first, &second).unwrap();
    let name = CString::new(second.as_os_str().as_bytes()).unwrap();
    // SAFETY: libcrypto; it stays loaded.
    let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    // SAFETY: a function of it.
    let another = unsafe { Libcrypto::around(function_of(library, NAME)) }.unwrap();
    assert_eq!(inside(&another), second);
    assert_eq!(inside(&Libcrypto::for_tests()), first);
}
