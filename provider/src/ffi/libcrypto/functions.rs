//! Every function of libcrypto that the provider calls, with its C signature and the first version of OpenSSL
//! that has it.

use std::ffi::{CStr, c_char, c_int, c_long, c_uchar, c_uint, c_ulong, c_void};

use super::Missing;
#[cfg(test)]
use crate::ffi::abi;
use crate::ffi::crypto::Refused;
use crate::ffi::sys::{
    ASYNC_JOB, ASYNC_WAIT_CTX, ASYNC_callback_fn, AsyncCleanup, EVP_KEYMGMT, EVP_MD, EVP_MD_CTX, EVP_PKEY,
    EVP_PKEY_CTX, EVP_PKEY_gen_cb, Function, OPENSSL_INIT_SETTINGS, OSSL_ALGORITHM, OSSL_CALLBACK,
    OSSL_CORE_HANDLE, OSSL_DISPATCH, OSSL_ENCODER_CTX, OSSL_LIB_CTX, OSSL_PARAM, OSSL_PASSPHRASE_CALLBACK,
    OSSL_PROVIDER, X509_NAME,
};

/// Each group becomes a struct with one typed pointer per line. A test compiles the lines against the headers
/// (`abi.rs`).
macro_rules! functions {
    ($list:ident = $( $(#[$doc:meta])* $group:ident { $( $function:ident, $since:literal: fn($($argument:ty),*) $(-> $result:ty)?; )* } )*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy)]
            #[allow(non_snake_case, reason = "the names of libcrypto")]
            pub(crate) struct $group {
                $( pub(crate) $function: unsafe extern "C" fn($($argument),*) $(-> $result)?, )*
            }

            impl $group {
                /// # Safety
                /// As `Libcrypto::read`.
                #[allow(clippy::useless_transmute, reason = "of a function without arguments and result")]
                pub(super) unsafe fn read(find: &impl Fn(&CStr) -> Function) -> Result<Self, Missing> {
                    Ok(Self { $( $function: {
                        const NAME: &str = concat!(stringify!($function), "\0");
                        const MISSING: Missing = Missing {
                            function: stringify!($function),
                            refused: Refused(concat!(
                                "call ", stringify!($function), ": this libcrypto lacks it, though OpenSSL has it since ", $since
                            )),
                        };
                        let name = CStr::from_bytes_with_nul(NAME.as_bytes()).unwrap_or_default();
                        let found = find(name).ok_or(MISSING)?;
                        // SAFETY: the function of this name has this line's C signature.
                        unsafe {
                            std::mem::transmute::<unsafe extern "C" fn(), unsafe extern "C" fn($($argument),*) $(-> $result)?>(found)
                        }
                    }, )* })
                }
            }
        )*

        #[cfg(test)]
        pub(in crate::ffi) const $list: &[$crate::ffi::libcrypto::Declaration] = &[ $( $( $crate::ffi::libcrypto::Declaration {
            function: stringify!($function), since: $since,
            result: <abi::c_result!($($result)?) as abi::CType>::NAME, arguments: &[$(<$argument as abi::CType>::NAME),*],
        }, )* )* ];
    };
}
#[cfg(test)]
pub(super) use functions;

/// One line of the table, in C spelling.
#[cfg(test)]
pub(in crate::ffi) struct Declaration {
    pub(in crate::ffi) function: &'static str,
    pub(in crate::ffi) since: &'static str,
    pub(in crate::ffi) result: &'static str,
    pub(in crate::ffi) arguments: &'static [&'static str],
}

functions! {
    DECLARATIONS =

    /// Functions that every instance needs.
    Base {
        // OPENSSL_init_crypto(3ossl), OpenSSL_version(3ossl), OSSL_LIB_CTX(3ossl)
        OPENSSL_init_crypto, "3.0": fn(c_ulong, *const OPENSSL_INIT_SETTINGS) -> c_int;
        OPENSSL_version_major, "3.0": fn() -> c_uint;
        OPENSSL_version_minor, "3.0": fn() -> c_uint;
        OSSL_LIB_CTX_new_from_dispatch, "3.0": fn(*const OSSL_CORE_HANDLE, *const OSSL_DISPATCH) -> *mut OSSL_LIB_CTX;
        OSSL_LIB_CTX_free, "3.0": fn(*mut OSSL_LIB_CTX);

        // OSSL_PROVIDER(3ossl)
        OSSL_PROVIDER_load, "3.0": fn(*mut OSSL_LIB_CTX, *const c_char) -> *mut OSSL_PROVIDER;
        OSSL_PROVIDER_unload, "3.0": fn(*mut OSSL_PROVIDER) -> c_int;
        OSSL_PROVIDER_do_all, "3.0": fn(*mut OSSL_LIB_CTX, Option<unsafe extern "C" fn(*mut OSSL_PROVIDER, *mut c_void) -> c_int>, *mut c_void) -> c_int;
        OSSL_PROVIDER_get0_dispatch, "3.0": fn(*const OSSL_PROVIDER) -> *const OSSL_DISPATCH;

        // ERR_set_mark(3ossl), ERR_get_error(3ossl)
        ERR_set_mark, "3.0": fn() -> c_int;
        ERR_pop_to_mark, "3.0": fn() -> c_int;
        ERR_peek_last_error_func, "3.0": fn(*mut *const c_char) -> c_ulong;

        // RAND_bytes(3ossl)
        RAND_bytes_ex, "3.0": fn(*mut OSSL_LIB_CTX, *mut c_uchar, usize, c_uint) -> c_int;

        // EVP_DigestInit(3ossl)
        EVP_MD_fetch, "3.0": fn(*mut OSSL_LIB_CTX, *const c_char, *const c_char) -> *mut EVP_MD;
        EVP_MD_up_ref, "3.0": fn(*mut EVP_MD) -> c_int;
        EVP_MD_free, "3.0": fn(*mut EVP_MD);
        EVP_MD_get0_name, "3.0": fn(*const EVP_MD) -> *const c_char;
        EVP_MD_get_size, "3.0": fn(*const EVP_MD) -> c_int;
        EVP_MD_is_a, "3.0": fn(*const EVP_MD, *const c_char) -> c_int;
        EVP_MD_CTX_new, "3.0": fn() -> *mut EVP_MD_CTX;
        EVP_MD_CTX_free, "3.0": fn(*mut EVP_MD_CTX);
        EVP_MD_CTX_copy_ex, "3.0": fn(*mut EVP_MD_CTX, *const EVP_MD_CTX) -> c_int;
        EVP_MD_CTX_get_pkey_ctx, "3.0": fn(*const EVP_MD_CTX) -> *mut EVP_PKEY_CTX;
        EVP_DigestInit_ex2, "3.0": fn(*mut EVP_MD_CTX, *const EVP_MD, *const OSSL_PARAM) -> c_int;
        EVP_DigestUpdate, "3.0": fn(*mut EVP_MD_CTX, *const c_void, usize) -> c_int;
        EVP_DigestFinal_ex, "3.0": fn(*mut EVP_MD_CTX, *mut c_uchar, *mut c_uint) -> c_int;

        // EVP_DigestSignInit(3ossl), EVP_DigestVerifyInit(3ossl)
        EVP_DigestSignInit_ex, "3.0": fn(*mut EVP_MD_CTX, *mut *mut EVP_PKEY_CTX, *const c_char, *mut OSSL_LIB_CTX, *const c_char, *mut EVP_PKEY, *const OSSL_PARAM) -> c_int;
        EVP_DigestSignUpdate, "3.0": fn(*mut EVP_MD_CTX, *const c_void, usize) -> c_int;
        EVP_DigestSignFinal, "3.0": fn(*mut EVP_MD_CTX, *mut c_uchar, *mut usize) -> c_int;
        EVP_DigestVerifyInit_ex, "3.0": fn(*mut EVP_MD_CTX, *mut *mut EVP_PKEY_CTX, *const c_char, *mut OSSL_LIB_CTX, *const c_char, *mut EVP_PKEY, *const OSSL_PARAM) -> c_int;
        EVP_DigestVerifyUpdate, "3.0": fn(*mut EVP_MD_CTX, *const c_void, usize) -> c_int;
        EVP_DigestVerifyFinal, "3.0": fn(*mut EVP_MD_CTX, *const c_uchar, usize) -> c_int;

        // EVP_PKEY_new(3ossl), EVP_PKEY_get_size(3ossl), EVP_PKEY_copy_parameters(3ossl), d2i_PUBKEY_ex(3ossl)
        EVP_PKEY_up_ref, "3.0": fn(*mut EVP_PKEY) -> c_int;
        EVP_PKEY_free, "3.0": fn(*mut EVP_PKEY);
        EVP_PKEY_dup, "3.0": fn(*mut EVP_PKEY) -> *mut EVP_PKEY;
        EVP_PKEY_is_a, "3.0": fn(*const EVP_PKEY, *const c_char) -> c_int;
        EVP_PKEY_get_bits, "3.0": fn(*const EVP_PKEY) -> c_int;
        EVP_PKEY_get_size, "3.0": fn(*const EVP_PKEY) -> c_int;
        EVP_PKEY_eq, "3.0": fn(*const EVP_PKEY, *const EVP_PKEY) -> c_int;
        EVP_PKEY_parameters_eq, "3.0": fn(*const EVP_PKEY, *const EVP_PKEY) -> c_int;
        d2i_PUBKEY_ex, "3.0": fn(*mut *mut EVP_PKEY, *mut *const c_uchar, c_long, *mut OSSL_LIB_CTX, *const c_char) -> *mut EVP_PKEY;

        // EVP_PKEY_gettable_params(3ossl), EVP_PKEY_settable_params(3ossl), EVP_PKEY_todata(3ossl), EVP_PKEY_fromdata(3ossl)
        EVP_PKEY_get_params, "3.0": fn(*const EVP_PKEY, *mut OSSL_PARAM) -> c_int;
        EVP_PKEY_get_octet_string_param, "3.0": fn(*const EVP_PKEY, *const c_char, *mut c_uchar, usize, *mut usize) -> c_int;
        EVP_PKEY_get_utf8_string_param, "3.0": fn(*const EVP_PKEY, *const c_char, *mut c_char, usize, *mut usize) -> c_int;
        EVP_PKEY_set_params, "3.0": fn(*mut EVP_PKEY, *mut OSSL_PARAM) -> c_int;
        EVP_PKEY_export, "3.0": fn(*const EVP_PKEY, c_int, OSSL_CALLBACK, *mut c_void) -> c_int;
        EVP_PKEY_todata, "3.0": fn(*const EVP_PKEY, c_int, *mut *mut OSSL_PARAM) -> c_int;
        EVP_PKEY_fromdata_init, "3.0": fn(*mut EVP_PKEY_CTX) -> c_int;
        EVP_PKEY_fromdata, "3.0": fn(*mut EVP_PKEY_CTX, *mut *mut EVP_PKEY, c_int, *mut OSSL_PARAM) -> c_int;
        OSSL_PARAM_free, "3.0": fn(*mut OSSL_PARAM);

        // EVP_PKEY_CTX_new(3ossl), EVP_PKEY_CTX_set_params(3ossl)
        EVP_PKEY_CTX_new_from_name, "3.0": fn(*mut OSSL_LIB_CTX, *const c_char, *const c_char) -> *mut EVP_PKEY_CTX;
        EVP_PKEY_CTX_new_from_pkey, "3.0": fn(*mut OSSL_LIB_CTX, *mut EVP_PKEY, *const c_char) -> *mut EVP_PKEY_CTX;
        EVP_PKEY_CTX_dup, "3.0": fn(*const EVP_PKEY_CTX) -> *mut EVP_PKEY_CTX;
        EVP_PKEY_CTX_free, "3.0": fn(*mut EVP_PKEY_CTX);
        EVP_PKEY_CTX_get_params, "3.0": fn(*mut EVP_PKEY_CTX, *mut OSSL_PARAM) -> c_int;
        EVP_PKEY_CTX_set_params, "3.0": fn(*mut EVP_PKEY_CTX, *const OSSL_PARAM) -> c_int;

        // EVP_PKEY_sign(3ossl) and its siblings
        EVP_PKEY_sign_init_ex, "3.0": fn(*mut EVP_PKEY_CTX, *const OSSL_PARAM) -> c_int;
        EVP_PKEY_sign, "3.0": fn(*mut EVP_PKEY_CTX, *mut c_uchar, *mut usize, *const c_uchar, usize) -> c_int;
        EVP_PKEY_verify_init_ex, "3.0": fn(*mut EVP_PKEY_CTX, *const OSSL_PARAM) -> c_int;
        EVP_PKEY_verify, "3.0": fn(*mut EVP_PKEY_CTX, *const c_uchar, usize, *const c_uchar, usize) -> c_int;
        EVP_PKEY_verify_recover_init_ex, "3.0": fn(*mut EVP_PKEY_CTX, *const OSSL_PARAM) -> c_int;
        EVP_PKEY_verify_recover, "3.0": fn(*mut EVP_PKEY_CTX, *mut c_uchar, *mut usize, *const c_uchar, usize) -> c_int;
        EVP_PKEY_encrypt_init_ex, "3.0": fn(*mut EVP_PKEY_CTX, *const OSSL_PARAM) -> c_int;
        EVP_PKEY_encrypt, "3.0": fn(*mut EVP_PKEY_CTX, *mut c_uchar, *mut usize, *const c_uchar, usize) -> c_int;
        EVP_PKEY_decrypt_init_ex, "3.0": fn(*mut EVP_PKEY_CTX, *const OSSL_PARAM) -> c_int;
        EVP_PKEY_decrypt, "3.0": fn(*mut EVP_PKEY_CTX, *mut c_uchar, *mut usize, *const c_uchar, usize) -> c_int;
        EVP_PKEY_derive_init_ex, "3.0": fn(*mut EVP_PKEY_CTX, *const OSSL_PARAM) -> c_int;
        EVP_PKEY_derive_set_peer, "3.0": fn(*mut EVP_PKEY_CTX, *mut EVP_PKEY) -> c_int;
        EVP_PKEY_derive, "3.0": fn(*mut EVP_PKEY_CTX, *mut c_uchar, *mut usize) -> c_int;

        // EVP_PKEY_check(3ossl)
        EVP_PKEY_param_check, "3.0": fn(*mut EVP_PKEY_CTX) -> c_int;
        EVP_PKEY_public_check, "3.0": fn(*mut EVP_PKEY_CTX) -> c_int;
        EVP_PKEY_public_check_quick, "3.0": fn(*mut EVP_PKEY_CTX) -> c_int;
        EVP_PKEY_private_check, "3.0": fn(*mut EVP_PKEY_CTX) -> c_int;
        EVP_PKEY_pairwise_check, "3.0": fn(*mut EVP_PKEY_CTX) -> c_int;
    }

    /// Passes capabilities on: OSSL_PROVIDER(3ossl).
    Capabilities {
        OSSL_PROVIDER_get_capabilities, "3.0": fn(*const OSSL_PROVIDER, *const c_char, OSSL_CALLBACK, *mut c_void) -> c_int;
    }

    /// The application's providers: OSSL_LIB_CTX(3ossl), EVP_KEYMGMT(3ossl), OSSL_PROVIDER(3ossl).
    Children {
        OSSL_LIB_CTX_new_child, "3.0": fn(*const OSSL_CORE_HANDLE, *const OSSL_DISPATCH) -> *mut OSSL_LIB_CTX;
        EVP_KEYMGMT_fetch, "3.0": fn(*mut OSSL_LIB_CTX, *const c_char, *const c_char) -> *mut EVP_KEYMGMT;
        EVP_KEYMGMT_free, "3.0": fn(*mut EVP_KEYMGMT);
        OSSL_PROVIDER_available, "3.0": fn(*mut OSSL_LIB_CTX, *const c_char) -> c_int;
        OSSL_PROVIDER_query_operation, "3.0": fn(*const OSSL_PROVIDER, c_int, *mut c_int) -> *const OSSL_ALGORITHM;
        OSSL_PROVIDER_unquery_operation, "3.0": fn(*const OSSL_PROVIDER, c_int, *const OSSL_ALGORITHM);
    }

    /// Writes keys: OSSL_ENCODER_CTX(3ossl), OSSL_ENCODER_to_bio(3ossl), OPENSSL_malloc(3ossl).
    Encoding {
        OSSL_ENCODER_CTX_new_for_pkey, "3.0": fn(*const EVP_PKEY, c_int, *const c_char, *const c_char, *const c_char) -> *mut OSSL_ENCODER_CTX;
        OSSL_ENCODER_CTX_free, "3.0": fn(*mut OSSL_ENCODER_CTX);
        OSSL_ENCODER_CTX_set_cipher, "3.0": fn(*mut OSSL_ENCODER_CTX, *const c_char, *const c_char) -> c_int;
        OSSL_ENCODER_CTX_set_passphrase_cb, "3.0": fn(*mut OSSL_ENCODER_CTX, OSSL_PASSPHRASE_CALLBACK, *mut c_void) -> c_int;
        OSSL_ENCODER_to_data, "3.0": fn(*mut OSSL_ENCODER_CTX, *mut *mut c_uchar, *mut usize) -> c_int;
        CRYPTO_clear_free, "3.0": fn(*mut c_void, usize, *const c_char, c_int);
    }

    /// Loads providers by a configuration file: OSSL_LIB_CTX(3ossl).
    Files {
        OSSL_LIB_CTX_load_config, "3.0": fn(*mut OSSL_LIB_CTX, *const c_char) -> c_int;
    }

    /// Shows whether a plain fetch demands `fips=yes` and which provider answers it:
    /// EVP_set_default_properties(3ossl), OSSL_PROVIDER(3ossl).
    Fips {
        EVP_default_properties_is_fips_enabled, "3.0": fn(*mut OSSL_LIB_CTX) -> c_int;
        OSSL_LIB_CTX_get0_global_default, "3.0": fn() -> *mut OSSL_LIB_CTX;
        EVP_MD_get0_provider, "3.0": fn(*const EVP_MD) -> *const OSSL_PROVIDER;
        OSSL_PROVIDER_get0_name, "3.0": fn(*const OSSL_PROVIDER) -> *const c_char;
    }

    /// Generates keys: EVP_PKEY_keygen(3ossl).
    Generation {
        EVP_PKEY_keygen_init, "3.0": fn(*mut EVP_PKEY_CTX) -> c_int;
        EVP_PKEY_paramgen_init, "3.0": fn(*mut EVP_PKEY_CTX) -> c_int;
        EVP_PKEY_generate, "3.0": fn(*mut EVP_PKEY_CTX, *mut *mut EVP_PKEY) -> c_int;
        EVP_PKEY_CTX_set_cb, "3.0": fn(*mut EVP_PKEY_CTX, EVP_PKEY_gen_cb);
        EVP_PKEY_CTX_get_keygen_info, "3.0": fn(*mut EVP_PKEY_CTX, c_int) -> c_int;
    }

    /// Asynchronous jobs: ASYNC_start_job(3ossl), ASYNC_WAIT_CTX_new(3ossl).
    Jobs {
        ASYNC_get_current_job, "3.0": fn() -> *mut ASYNC_JOB;
        ASYNC_get_wait_ctx, "3.0": fn(*mut ASYNC_JOB) -> *mut ASYNC_WAIT_CTX;
        ASYNC_pause_job, "3.0": fn() -> c_int;
        ASYNC_WAIT_CTX_get_fd, "3.0": fn(*mut ASYNC_WAIT_CTX, *const c_void, *mut c_int, *mut *mut c_void) -> c_int;
        ASYNC_WAIT_CTX_set_wait_fd, "3.0": fn(*mut ASYNC_WAIT_CTX, *const c_void, c_int, *mut c_void, AsyncCleanup) -> c_int;
        ASYNC_WAIT_CTX_get_callback, "3.0": fn(*mut ASYNC_WAIT_CTX, *mut ASYNC_callback_fn, *mut *mut c_void) -> c_int;
        ASYNC_WAIT_CTX_set_status, "3.0": fn(*mut ASYNC_WAIT_CTX, c_int) -> c_int;
    }

    /// Compares distinguished names: d2i_X509_NAME(3ossl), X509_NAME_cmp(3ossl).
    Names {
        d2i_X509_NAME, "3.0": fn(*mut *mut X509_NAME, *mut *const c_uchar, c_long) -> *mut X509_NAME;
        X509_NAME_cmp, "3.0": fn(*const X509_NAME, *const X509_NAME) -> c_int;
        X509_NAME_free, "3.0": fn(*mut X509_NAME);
    }
}
