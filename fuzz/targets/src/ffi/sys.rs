//! The functions of libcrypto that openssl-sys lacks, and the module's entry point.

use std::ffi::{c_char, c_int, c_void};

use openssl_sys::{BIO, EVP_PKEY, EVP_PKEY_CTX, OSSL_LIB_CTX, OSSL_PARAM};

unsafe extern "C" {
    pub(super) fn OSSL_provider_init(
        handle: *const c_void,
        dispatch: *const c_void,
        out: *mut *const c_void,
        provider: *mut *mut c_void,
    ) -> c_int;
    pub(super) fn OSSL_PROVIDER_add_builtin(
        libctx: *mut OSSL_LIB_CTX,
        name: *const c_char,
        init: unsafe extern "C" fn(
            *const c_void,
            *const c_void,
            *mut *const c_void,
            *mut *mut c_void,
        ) -> c_int,
    ) -> c_int;
    pub(super) fn OSSL_STORE_attach(
        bio: *mut BIO,
        scheme: *const c_char,
        libctx: *mut OSSL_LIB_CTX,
        properties: *const c_char,
        ui_method: *const c_void,
        ui_data: *mut c_void,
        params: *const OSSL_PARAM,
        post_process: *const c_void,
        post_process_data: *mut c_void,
    ) -> *mut c_void;
    pub(super) fn OSSL_STORE_eof(store: *mut c_void) -> c_int;
    pub(super) fn OSSL_STORE_load(store: *mut c_void) -> *mut c_void;
    pub(super) fn OSSL_STORE_close(store: *mut c_void) -> c_int;
    pub(super) fn OSSL_STORE_INFO_get1_PKEY(info: *const c_void) -> *mut EVP_PKEY;
    pub(super) fn OSSL_STORE_INFO_free(info: *mut c_void);
    pub(super) fn UI_null() -> *const c_void;
    pub(super) fn EVP_PKEY_print_private(
        out: *mut BIO,
        key: *const EVP_PKEY,
        indent: c_int,
        ctx: *mut c_void,
    ) -> c_int;
    pub(super) fn EVP_PKEY_generate(ctx: *mut EVP_PKEY_CTX, key: *mut *mut EVP_PKEY) -> c_int;
    pub(super) fn BIO_s_null() -> *const openssl_sys::BIO_METHOD;
}
