//! C layouts, opaque types and numbers of OpenSSL (`openssl/core.h`, `openssl/types.h`). A test compares them with the headers (`abi.rs`).

#![allow(non_camel_case_types, reason = "the names of OpenSSL's headers")]

use std::ffi::{c_char, c_int, c_uint, c_void};

/// A function pointer of unknown type; its number determines the type. `None` ends a table.
pub(crate) type Function = Option<unsafe extern "C" fn()>;

/// `OSSL_DISPATCH`: one row of a function table.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct OSSL_DISPATCH {
    pub(crate) function_id: c_int,
    pub(crate) function: Function,
}

/// `OSSL_PARAM`: one element of an array that a NULL key ends (OSSL_PARAM(3ossl)).
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct OSSL_PARAM {
    pub(crate) key: *const c_char,
    pub(crate) data_type: c_uint,
    pub(crate) data: *mut c_void,
    pub(crate) data_size: usize,
    pub(crate) return_size: usize,
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

// SAFETY: the pointers of these two types lead to data that is never written (see `dispatch`, `registry` and
// `rows`).
unsafe impl Sync for OSSL_ITEM {}
// SAFETY: as above.
unsafe impl Sync for OSSL_ALGORITHM {}
// SAFETY: as above.
unsafe impl Send for OSSL_ALGORITHM {}

/// Types whose contents only libcrypto knows.
macro_rules! opaque {
    ($($name:ident)*) => { $( #[doc = concat!("`", stringify!($name), "`")] pub(crate) enum $name {} )* };
}
opaque! {
    ASYNC_JOB ASYNC_WAIT_CTX EVP_KEYMGMT EVP_MD EVP_MD_CTX EVP_PKEY EVP_PKEY_CTX OPENSSL_INIT_SETTINGS OSSL_ENCODER_CTX OSSL_LIB_CTX OSSL_PROVIDER X509_NAME
}

/// The core's handle of this provider.
pub(crate) enum OSSL_CORE_HANDLE {}
/// A BIO of the application's libcrypto, used through upcalls only.
pub(crate) enum OSSL_CORE_BIO {}
/// The application's library context; only its address is compared.
pub(crate) enum OPENSSL_CORE_CTX {}

/// `OSSL_CALLBACK`
pub(crate) type OSSL_CALLBACK = Option<unsafe extern "C" fn(*const OSSL_PARAM, *mut c_void) -> c_int>;
/// `OSSL_PASSPHRASE_CALLBACK`
pub(crate) type OSSL_PASSPHRASE_CALLBACK =
    Option<unsafe extern "C" fn(*mut c_char, usize, *mut usize, *const OSSL_PARAM, *mut c_void) -> c_int>;
/// `ASYNC_callback_fn`
pub(crate) type ASYNC_callback_fn = Option<unsafe extern "C" fn(*mut c_void) -> c_int>;
/// The clean-up function of a descriptor (ASYNC_WAIT_CTX_set_wait_fd(3ossl)).
pub(crate) type AsyncCleanup =
    Option<unsafe extern "C" fn(*mut ASYNC_WAIT_CTX, *const c_void, c_int, *mut c_void)>;
/// `EVP_PKEY_gen_cb`
pub(crate) type EVP_PKEY_gen_cb = Option<unsafe extern "C" fn(*mut EVP_PKEY_CTX) -> c_int>;

/// `va_list`. Only the C shim `vset_error.c` can create one; no value of it exists in Rust.
pub(crate) enum VaList {}

pub(crate) const OSSL_KEYMGMT_VALIDATE_QUICK_CHECK: c_int = 1;

pub(crate) const OSSL_OP_RAND: c_int = 5;
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
}
