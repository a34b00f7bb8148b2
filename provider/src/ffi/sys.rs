//! C layouts, numbers and externs of OpenSSL's provider interface that `openssl-sys` lacks (`openssl/core.h`).

#![allow(non_camel_case_types, reason = "the names of openssl/core.h")]

use std::ffi::{c_char, c_int, c_uint, c_void};

pub(crate) use openssl_sys::{OSSL_LIB_CTX, OSSL_PARAM};

/// A function pointer whose type only its number tells; `None` ends a table.
pub(crate) type Function = Option<unsafe extern "C" fn()>;

/// `OSSL_DISPATCH`: one row of a function table.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct OSSL_DISPATCH {
    pub(crate) function_id: c_int,
    pub(crate) function: Function,
}

/// `OSSL_ITEM`: a number and its text, for reason strings.
#[repr(C)]
pub(crate) struct OSSL_ITEM {
    pub(crate) id: c_uint,
    pub(crate) ptr: *const c_void,
}

/// `OSSL_ALGORITHM`: names, properties and function table of one algorithm.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct OSSL_ALGORITHM {
    pub(crate) algorithm_names: *const c_char,
    pub(crate) property_definition: *const c_char,
    pub(crate) implementation: *const OSSL_DISPATCH,
    pub(crate) algorithm_description: *const c_char,
}

// SAFETY: the pointers of these two types lead to what is never written (see `dispatch`, `registry` and `rows`).
unsafe impl Sync for OSSL_ITEM {}
// SAFETY: as above.
unsafe impl Sync for OSSL_ALGORITHM {}
// SAFETY: as above.
unsafe impl Send for OSSL_ALGORITHM {}

/// The core's handle of this provider.
pub(crate) enum OSSL_CORE_HANDLE {}
/// A BIO of the application's libcrypto, used through upcalls only.
pub(crate) enum OSSL_CORE_BIO {}

/// A key management that was fetched; `fetch` has the methods of all operations by pointers to void, and one symbol has one type.
pub(crate) type EVP_KEYMGMT = c_void;

/// `OSSL_CALLBACK`
pub(crate) type OSSL_CALLBACK = Option<unsafe extern "C" fn(*const OSSL_PARAM, *mut c_void) -> c_int>;
/// `OSSL_PASSPHRASE_CALLBACK`
pub(crate) type OSSL_PASSPHRASE_CALLBACK =
    Option<unsafe extern "C" fn(*mut c_char, usize, *mut usize, *const OSSL_PARAM, *mut c_void) -> c_int>;

/// `va_list`, which only the C shim `vset_error.c` can make: no value of it exists in Rust.
pub(crate) enum VaList {}

pub(crate) const OSSL_KEYMGMT_VALIDATE_QUICK_CHECK: c_int = 1;

pub(crate) const OSSL_OP_KEYMGMT: c_int = 10;
pub(crate) const OSSL_OP_KEYEXCH: c_int = 11;
pub(crate) const OSSL_OP_SIGNATURE: c_int = 12;
pub(crate) const OSSL_OP_ASYM_CIPHER: c_int = 13;
pub(crate) const OSSL_OP_ENCODER: c_int = 20;
pub(crate) const OSSL_OP_DECODER: c_int = 21;
pub(crate) const OSSL_OP_STORE: c_int = 22;

unsafe extern "C" {
    /// `src/ffi/vset_error.c`
    pub(crate) fn tpm2_vset_error(
        vset_error: unsafe extern "C" fn(*const OSSL_CORE_HANDLE, u32, *const c_char, VaList),
        handle: *const OSSL_CORE_HANDLE,
        reason: u32,
        format: *const c_char,
        ...
    );
    /// OSSL_LIB_CTX_new_from_dispatch(3)
    pub(crate) fn OSSL_LIB_CTX_new_from_dispatch(
        handle: *const OSSL_CORE_HANDLE,
        dispatch: *const OSSL_DISPATCH,
    ) -> *mut OSSL_LIB_CTX;
    /// OSSL_LIB_CTX_new_child(3ossl)
    pub(crate) fn OSSL_LIB_CTX_new_child(
        handle: *const OSSL_CORE_HANDLE,
        dispatch: *const OSSL_DISPATCH,
    ) -> *mut OSSL_LIB_CTX;
    /// EVP_KEYMGMT(3ossl)
    pub(crate) fn EVP_KEYMGMT_fetch(
        ctx: *mut OSSL_LIB_CTX,
        algorithm: *const c_char,
        properties: *const c_char,
    ) -> *mut EVP_KEYMGMT;
    /// EVP_KEYMGMT(3ossl)
    pub(crate) fn EVP_KEYMGMT_free(keymgmt: *mut EVP_KEYMGMT);
    /// OPENSSL_init_crypto(3ossl)
    pub(crate) fn OPENSSL_init_crypto(options: u64, settings: *const c_void) -> c_int;
}
