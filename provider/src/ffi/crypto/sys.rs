//! Externs of libcrypto 3.0 that `openssl-sys` lacks, as their manual pages give them.

use std::ffi::{c_char, c_int, c_long, c_uchar, c_uint, c_ulong, c_void};

use openssl_sys::{EVP_MD, EVP_MD_CTX, EVP_PKEY, EVP_PKEY_CTX, OSSL_LIB_CTX, OSSL_PARAM, OSSL_PROVIDER};

use crate::ffi::sys::OSSL_DISPATCH;

/// OSSL_CALLBACK of core.h.
pub(crate) type Callback = unsafe extern "C" fn(*const OSSL_PARAM, *mut c_void) -> c_int;

unsafe extern "C" {
    // OSSL_LIB_CTX(3ossl)
    pub(super) fn OSSL_LIB_CTX_load_config(ctx: *mut OSSL_LIB_CTX, config_file: *const c_char) -> c_int;

    // OSSL_PROVIDER(3ossl)
    pub(super) fn OSSL_PROVIDER_do_all(
        ctx: *mut OSSL_LIB_CTX,
        callback: Option<unsafe extern "C" fn(*mut OSSL_PROVIDER, *mut c_void) -> c_int>,
        argument: *mut c_void,
    ) -> c_int;
    pub(super) fn OSSL_PROVIDER_get0_dispatch(provider: *const OSSL_PROVIDER) -> *const OSSL_DISPATCH;

    // EVP_DigestInit(3ossl)
    pub(super) fn EVP_MD_get0_name(md: *const EVP_MD) -> *const c_char;
    pub(super) fn EVP_MD_is_a(md: *const EVP_MD, name: *const c_char) -> c_int;
    pub(super) fn EVP_MD_up_ref(md: *mut EVP_MD) -> c_int;
    pub(super) fn EVP_DigestInit_ex2(
        ctx: *mut EVP_MD_CTX,
        md: *const EVP_MD,
        params: *const OSSL_PARAM,
    ) -> c_int;
    pub(super) fn EVP_MD_CTX_get_pkey_ctx(ctx: *const EVP_MD_CTX) -> *mut EVP_PKEY_CTX;

    // EVP_DigestSignInit(3ossl), EVP_DigestVerifyInit(3ossl)
    pub(super) fn EVP_DigestSignInit_ex(
        ctx: *mut EVP_MD_CTX,
        pctx: *mut *mut EVP_PKEY_CTX,
        mdname: *const c_char,
        libctx: *mut OSSL_LIB_CTX,
        props: *const c_char,
        pkey: *mut EVP_PKEY,
        params: *const OSSL_PARAM,
    ) -> c_int;
    pub(super) fn EVP_DigestVerifyInit_ex(
        ctx: *mut EVP_MD_CTX,
        pctx: *mut *mut EVP_PKEY_CTX,
        mdname: *const c_char,
        libctx: *mut OSSL_LIB_CTX,
        props: *const c_char,
        pkey: *mut EVP_PKEY,
        params: *const OSSL_PARAM,
    ) -> c_int;

    // EVP_PKEY_CTX_new(3ossl), EVP_PKEY_sign(3ossl) and their siblings
    pub(super) fn EVP_PKEY_CTX_new_from_pkey(
        libctx: *mut OSSL_LIB_CTX,
        pkey: *mut EVP_PKEY,
        propquery: *const c_char,
    ) -> *mut EVP_PKEY_CTX;
    pub(super) fn EVP_PKEY_CTX_dup(ctx: *const EVP_PKEY_CTX) -> *mut EVP_PKEY_CTX;
    pub(super) fn EVP_PKEY_sign_init_ex(ctx: *mut EVP_PKEY_CTX, params: *const OSSL_PARAM) -> c_int;
    pub(super) fn EVP_PKEY_verify_init_ex(ctx: *mut EVP_PKEY_CTX, params: *const OSSL_PARAM) -> c_int;
    pub(super) fn EVP_PKEY_verify_recover_init_ex(ctx: *mut EVP_PKEY_CTX, params: *const OSSL_PARAM)
    -> c_int;
    pub(super) fn EVP_PKEY_encrypt_init_ex(ctx: *mut EVP_PKEY_CTX, params: *const OSSL_PARAM) -> c_int;
    pub(super) fn EVP_PKEY_decrypt_init_ex(ctx: *mut EVP_PKEY_CTX, params: *const OSSL_PARAM) -> c_int;
    pub(super) fn EVP_PKEY_derive_init_ex(ctx: *mut EVP_PKEY_CTX, params: *const OSSL_PARAM) -> c_int;
    pub(super) fn EVP_PKEY_pairwise_check(ctx: *mut EVP_PKEY_CTX) -> c_int;
    pub(super) fn EVP_PKEY_public_check_quick(ctx: *mut EVP_PKEY_CTX) -> c_int;
    pub(super) fn EVP_PKEY_private_check(ctx: *mut EVP_PKEY_CTX) -> c_int;

    // EVP_PKEY_keygen(3ossl)
    pub(super) fn EVP_PKEY_CTX_set_cb(
        ctx: *mut EVP_PKEY_CTX,
        callback: Option<unsafe extern "C" fn(*mut EVP_PKEY_CTX) -> c_int>,
    );
    pub(super) fn EVP_PKEY_CTX_get_keygen_info(ctx: *mut EVP_PKEY_CTX, index: c_int) -> c_int;
    pub(super) fn EVP_PKEY_CTX_set_app_data(ctx: *mut EVP_PKEY_CTX, data: *mut c_void);
    pub(super) fn EVP_PKEY_CTX_get_app_data(ctx: *mut EVP_PKEY_CTX) -> *mut c_void;

    // EVP_PKEY_gettable_params(3ossl), EVP_PKEY_todata(3ossl), EVP_PKEY_new(3ossl)
    pub(super) fn EVP_PKEY_export(
        pkey: *const EVP_PKEY,
        selection: c_int,
        callback: Option<Callback>,
        argument: *mut c_void,
    ) -> c_int;
    pub(super) fn EVP_PKEY_todata(
        pkey: *const EVP_PKEY,
        selection: c_int,
        params: *mut *mut OSSL_PARAM,
    ) -> c_int;
    pub(super) fn EVP_PKEY_is_a(pkey: *const EVP_PKEY, name: *const c_char) -> c_int;
    // d2i_PUBKEY_ex(3ossl)
    pub(super) fn d2i_PUBKEY_ex(
        pkey: *mut *mut EVP_PKEY,
        octets: *mut *const c_uchar,
        length: c_long,
        libctx: *mut OSSL_LIB_CTX,
        propquery: *const c_char,
    ) -> *mut EVP_PKEY;
    pub(super) fn EVP_PKEY_dup(pkey: *mut EVP_PKEY) -> *mut EVP_PKEY;

    // RAND_bytes(3ossl)
    pub(super) fn RAND_bytes_ex(
        ctx: *mut OSSL_LIB_CTX,
        buf: *mut c_uchar,
        num: usize,
        strength: c_uint,
    ) -> c_int;

    // ERR_set_mark(3ossl)
    pub(super) fn ERR_set_mark() -> c_int;
    pub(super) fn ERR_pop_to_mark() -> c_int;
    // ERR_peek_last_error_func(3ossl)
    pub(super) fn ERR_peek_last_error_func(func: *mut *const c_char) -> c_ulong;

    pub(super) fn EVP_DigestSign(
        ctx: *mut EVP_MD_CTX,
        sig: *mut c_uchar,
        siglen: *mut usize,
        tbs: *const c_uchar,
        tbslen: usize,
    ) -> c_int;
}

/// EVP_MAX_MD_SIZE.
pub(super) const MAX_DIGEST: usize = 64;
/// The type of a digest's length.
pub(super) type Length = c_uint;
