//! Typed slot constructors. Number, C signature and Rust function of a slot meet in one line. The compiler
//! checks the Rust side; the test in `abi.rs` compiles the line against `openssl/core_dispatch.h`.

use std::ffi::{c_char, c_int, c_uint, c_void};

#[cfg(test)]
use super::abi;
use super::sys::{
    OSSL_ALGORITHM, OSSL_CALLBACK, OSSL_CORE_BIO, OSSL_DISPATCH, OSSL_ITEM, OSSL_PARAM,
    OSSL_PASSPHRASE_CALLBACK,
};

/// The end mark of a function table.
pub(crate) const END: OSSL_DISPATCH = OSSL_DISPATCH { function_id: 0, function: None };

/// Each line makes a constructor of a table row, which accepts only a function of that line's C signature.
/// OpenSSL ignores slots that it does not know.
macro_rules! slots {
    ($( $slot:ident, $id:ident = $number:literal $(since $since:literal)?: fn($($argument:ty),*) $(-> $result:ty)?; )*) => {
        $(
            pub(crate) const fn $slot(function: unsafe extern "C" fn($($argument),*) $(-> $result)?) -> OSSL_DISPATCH {
                // SAFETY: function pointers have one size and layout. libcrypto calls the function by the
                // signature of its number, which is the signature of this line (checked against
                // core_dispatch.h in abi.rs).
                let function = unsafe {
                    std::mem::transmute::<unsafe extern "C" fn($($argument),*) $(-> $result)?, unsafe extern "C" fn()>(function)
                };
                OSSL_DISPATCH { function_id: $number, function: Some(function) }
            }
        )*

        #[cfg(test)]
        pub(super) const SLOTS: &[abi::Slot] = &[
            $( abi::Slot {
                function: stringify!($slot), id: stringify!($id), number: $number, since: abi::since!($($since)?),
                result: <abi::c_result!($($result)?) as abi::CType>::NAME, arguments: &[$(<$argument as abi::CType>::NAME),*],
            }, )*
        ];
    };
}

slots! {
    // provider-base(7)
    provider_teardown, OSSL_FUNC_PROVIDER_TEARDOWN = 1024: fn(*mut c_void);
    provider_gettable_params, OSSL_FUNC_PROVIDER_GETTABLE_PARAMS = 1025: fn(*mut c_void) -> *const OSSL_PARAM;
    provider_get_params, OSSL_FUNC_PROVIDER_GET_PARAMS = 1026: fn(*mut c_void, *mut OSSL_PARAM) -> c_int;
    provider_query_operation, OSSL_FUNC_PROVIDER_QUERY_OPERATION = 1027: fn(*mut c_void, c_int, *mut c_int) -> *const OSSL_ALGORITHM;
    provider_get_reason_strings, OSSL_FUNC_PROVIDER_GET_REASON_STRINGS = 1029: fn(*mut c_void) -> *const OSSL_ITEM;
    provider_get_capabilities, OSSL_FUNC_PROVIDER_GET_CAPABILITIES = 1030: fn(*mut c_void, *const c_char, OSSL_CALLBACK, *mut c_void) -> c_int;
    provider_self_test, OSSL_FUNC_PROVIDER_SELF_TEST = 1031: fn(*mut c_void) -> c_int;

    // provider-rand(7)
    rand_newctx, OSSL_FUNC_RAND_NEWCTX = 1: fn(*mut c_void, *mut c_void, *const OSSL_DISPATCH) -> *mut c_void;
    rand_freectx, OSSL_FUNC_RAND_FREECTX = 2: fn(*mut c_void);
    rand_instantiate, OSSL_FUNC_RAND_INSTANTIATE = 3: fn(*mut c_void, c_uint, c_int, *const u8, usize, *const OSSL_PARAM) -> c_int;
    rand_uninstantiate, OSSL_FUNC_RAND_UNINSTANTIATE = 4: fn(*mut c_void) -> c_int;
    rand_generate, OSSL_FUNC_RAND_GENERATE = 5: fn(*mut c_void, *mut u8, usize, c_uint, c_int, *const u8, usize) -> c_int;
    rand_enable_locking, OSSL_FUNC_RAND_ENABLE_LOCKING = 8: fn(*mut c_void) -> c_int;
    rand_lock, OSSL_FUNC_RAND_LOCK = 9: fn(*mut c_void) -> c_int;
    rand_unlock, OSSL_FUNC_RAND_UNLOCK = 10: fn(*mut c_void);
    rand_gettable_ctx_params, OSSL_FUNC_RAND_GETTABLE_CTX_PARAMS = 12: fn(*mut c_void, *mut c_void) -> *const OSSL_PARAM;
    rand_get_ctx_params, OSSL_FUNC_RAND_GET_CTX_PARAMS = 15: fn(*mut c_void, *mut OSSL_PARAM) -> c_int;
    rand_get_seed, OSSL_FUNC_RAND_GET_SEED = 18: fn(*mut c_void, *mut *mut u8, c_int, usize, usize, c_int, *const u8, usize) -> usize;
    rand_clear_seed, OSSL_FUNC_RAND_CLEAR_SEED = 19: fn(*mut c_void, *mut u8, usize);

    // provider-decoder(7)
    decoder_newctx, OSSL_FUNC_DECODER_NEWCTX = 1: fn(*mut c_void) -> *mut c_void;
    decoder_freectx, OSSL_FUNC_DECODER_FREECTX = 2: fn(*mut c_void);
    decoder_does_selection, OSSL_FUNC_DECODER_DOES_SELECTION = 10: fn(*mut c_void, c_int) -> c_int;
    decoder_decode, OSSL_FUNC_DECODER_DECODE = 11: fn(*mut c_void, *mut OSSL_CORE_BIO, c_int, OSSL_CALLBACK, *mut c_void, OSSL_PASSPHRASE_CALLBACK, *mut c_void) -> c_int;

    // provider-encoder(7)
    encoder_newctx, OSSL_FUNC_ENCODER_NEWCTX = 1: fn(*mut c_void) -> *mut c_void;
    encoder_freectx, OSSL_FUNC_ENCODER_FREECTX = 2: fn(*mut c_void);
    encoder_set_ctx_params, OSSL_FUNC_ENCODER_SET_CTX_PARAMS = 5: fn(*mut c_void, *const OSSL_PARAM) -> c_int;
    encoder_settable_ctx_params, OSSL_FUNC_ENCODER_SETTABLE_CTX_PARAMS = 6: fn(*mut c_void) -> *const OSSL_PARAM;
    encoder_does_selection, OSSL_FUNC_ENCODER_DOES_SELECTION = 10: fn(*mut c_void, c_int) -> c_int;
    encoder_encode, OSSL_FUNC_ENCODER_ENCODE = 11: fn(*mut c_void, *mut OSSL_CORE_BIO, *const c_void, *const OSSL_PARAM, c_int, OSSL_PASSPHRASE_CALLBACK, *mut c_void) -> c_int;

    // provider-keymgmt(7)
    keymgmt_new, OSSL_FUNC_KEYMGMT_NEW = 1: fn(*mut c_void) -> *mut c_void;
    keymgmt_gen_init, OSSL_FUNC_KEYMGMT_GEN_INIT = 2: fn(*mut c_void, c_int, *const OSSL_PARAM) -> *mut c_void;
    keymgmt_gen_set_template, OSSL_FUNC_KEYMGMT_GEN_SET_TEMPLATE = 3: fn(*mut c_void, *mut c_void) -> c_int;
    keymgmt_gen_set_params, OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS = 4: fn(*mut c_void, *const OSSL_PARAM) -> c_int;
    keymgmt_gen_settable_params, OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS = 5: fn(*mut c_void, *mut c_void) -> *const OSSL_PARAM;
    keymgmt_gen, OSSL_FUNC_KEYMGMT_GEN = 6: fn(*mut c_void, OSSL_CALLBACK, *mut c_void) -> *mut c_void;
    keymgmt_gen_cleanup, OSSL_FUNC_KEYMGMT_GEN_CLEANUP = 7: fn(*mut c_void);
    keymgmt_load, OSSL_FUNC_KEYMGMT_LOAD = 8: fn(*const c_void, usize) -> *mut c_void;
    keymgmt_free, OSSL_FUNC_KEYMGMT_FREE = 10: fn(*mut c_void);
    keymgmt_get_params, OSSL_FUNC_KEYMGMT_GET_PARAMS = 11: fn(*mut c_void, *mut OSSL_PARAM) -> c_int;
    keymgmt_gettable_params, OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS = 12: fn(*mut c_void) -> *const OSSL_PARAM;
    keymgmt_set_params, OSSL_FUNC_KEYMGMT_SET_PARAMS = 13: fn(*mut c_void, *const OSSL_PARAM) -> c_int;
    keymgmt_settable_params, OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS = 14: fn(*mut c_void) -> *const OSSL_PARAM;
    keymgmt_query_operation_name, OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME = 20: fn(c_int) -> *const c_char;
    keymgmt_has, OSSL_FUNC_KEYMGMT_HAS = 21: fn(*const c_void, c_int) -> c_int;
    keymgmt_validate, OSSL_FUNC_KEYMGMT_VALIDATE = 22: fn(*const c_void, c_int, c_int) -> c_int;
    keymgmt_match, OSSL_FUNC_KEYMGMT_MATCH = 23: fn(*const c_void, *const c_void, c_int) -> c_int;
    keymgmt_import, OSSL_FUNC_KEYMGMT_IMPORT = 40: fn(*mut c_void, c_int, *const OSSL_PARAM) -> c_int;
    keymgmt_import_types, OSSL_FUNC_KEYMGMT_IMPORT_TYPES = 41: fn(c_int) -> *const OSSL_PARAM;
    keymgmt_export, OSSL_FUNC_KEYMGMT_EXPORT = 42: fn(*mut c_void, c_int, OSSL_CALLBACK, *mut c_void) -> c_int;
    keymgmt_export_types, OSSL_FUNC_KEYMGMT_EXPORT_TYPES = 43: fn(c_int) -> *const OSSL_PARAM;
    keymgmt_dup, OSSL_FUNC_KEYMGMT_DUP = 44: fn(*const c_void, c_int) -> *mut c_void;

    // provider-keyexch(7)
    keyexch_newctx, OSSL_FUNC_KEYEXCH_NEWCTX = 1: fn(*mut c_void) -> *mut c_void;
    keyexch_init, OSSL_FUNC_KEYEXCH_INIT = 2: fn(*mut c_void, *mut c_void, *const OSSL_PARAM) -> c_int;
    keyexch_derive, OSSL_FUNC_KEYEXCH_DERIVE = 3: fn(*mut c_void, *mut u8, *mut usize, usize) -> c_int;
    keyexch_set_peer, OSSL_FUNC_KEYEXCH_SET_PEER = 4: fn(*mut c_void, *mut c_void) -> c_int;
    keyexch_freectx, OSSL_FUNC_KEYEXCH_FREECTX = 5: fn(*mut c_void);
    keyexch_dupctx, OSSL_FUNC_KEYEXCH_DUPCTX = 6: fn(*mut c_void) -> *mut c_void;
    keyexch_set_ctx_params, OSSL_FUNC_KEYEXCH_SET_CTX_PARAMS = 7: fn(*mut c_void, *const OSSL_PARAM) -> c_int;
    keyexch_settable_ctx_params, OSSL_FUNC_KEYEXCH_SETTABLE_CTX_PARAMS = 8: fn(*mut c_void, *mut c_void) -> *const OSSL_PARAM;
    keyexch_get_ctx_params, OSSL_FUNC_KEYEXCH_GET_CTX_PARAMS = 9: fn(*mut c_void, *mut OSSL_PARAM) -> c_int;
    keyexch_gettable_ctx_params, OSSL_FUNC_KEYEXCH_GETTABLE_CTX_PARAMS = 10: fn(*mut c_void, *mut c_void) -> *const OSSL_PARAM;

    // provider-signature(7)
    signature_newctx, OSSL_FUNC_SIGNATURE_NEWCTX = 1: fn(*mut c_void, *const c_char) -> *mut c_void;
    signature_sign_init, OSSL_FUNC_SIGNATURE_SIGN_INIT = 2: fn(*mut c_void, *mut c_void, *const OSSL_PARAM) -> c_int;
    signature_sign, OSSL_FUNC_SIGNATURE_SIGN = 3: fn(*mut c_void, *mut u8, *mut usize, usize, *const u8, usize) -> c_int;
    signature_verify_init, OSSL_FUNC_SIGNATURE_VERIFY_INIT = 4: fn(*mut c_void, *mut c_void, *const OSSL_PARAM) -> c_int;
    signature_verify, OSSL_FUNC_SIGNATURE_VERIFY = 5: fn(*mut c_void, *const u8, usize, *const u8, usize) -> c_int;
    signature_verify_recover_init, OSSL_FUNC_SIGNATURE_VERIFY_RECOVER_INIT = 6: fn(*mut c_void, *mut c_void, *const OSSL_PARAM) -> c_int;
    signature_verify_recover, OSSL_FUNC_SIGNATURE_VERIFY_RECOVER = 7: fn(*mut c_void, *mut u8, *mut usize, usize, *const u8, usize) -> c_int;
    signature_digest_sign_init, OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT = 8: fn(*mut c_void, *const c_char, *mut c_void, *const OSSL_PARAM) -> c_int;
    signature_digest_sign_update, OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE = 9: fn(*mut c_void, *const u8, usize) -> c_int;
    signature_digest_sign_final, OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL = 10: fn(*mut c_void, *mut u8, *mut usize, usize) -> c_int;
    signature_digest_verify_init, OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT = 12: fn(*mut c_void, *const c_char, *mut c_void, *const OSSL_PARAM) -> c_int;
    signature_digest_verify_update, OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_UPDATE = 13: fn(*mut c_void, *const u8, usize) -> c_int;
    signature_digest_verify_final, OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_FINAL = 14: fn(*mut c_void, *const u8, usize) -> c_int;
    signature_freectx, OSSL_FUNC_SIGNATURE_FREECTX = 16: fn(*mut c_void);
    signature_dupctx, OSSL_FUNC_SIGNATURE_DUPCTX = 17: fn(*mut c_void) -> *mut c_void;
    signature_get_ctx_params, OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS = 18: fn(*mut c_void, *mut OSSL_PARAM) -> c_int;
    signature_gettable_ctx_params, OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS = 19: fn(*mut c_void, *mut c_void) -> *const OSSL_PARAM;
    signature_set_ctx_params, OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS = 20: fn(*mut c_void, *const OSSL_PARAM) -> c_int;
    signature_settable_ctx_params, OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS = 21: fn(*mut c_void, *mut c_void) -> *const OSSL_PARAM;
    signature_query_key_types, OSSL_FUNC_SIGNATURE_QUERY_KEY_TYPES = 26 since "3.4": fn() -> *mut *const c_char;
    signature_sign_message_init, OSSL_FUNC_SIGNATURE_SIGN_MESSAGE_INIT = 27 since "3.4": fn(*mut c_void, *mut c_void, *const OSSL_PARAM) -> c_int;
    signature_sign_message_update, OSSL_FUNC_SIGNATURE_SIGN_MESSAGE_UPDATE = 28 since "3.4": fn(*mut c_void, *const u8, usize) -> c_int;
    signature_sign_message_final, OSSL_FUNC_SIGNATURE_SIGN_MESSAGE_FINAL = 29 since "3.4": fn(*mut c_void, *mut u8, *mut usize, usize) -> c_int;
    signature_verify_message_init, OSSL_FUNC_SIGNATURE_VERIFY_MESSAGE_INIT = 30 since "3.4": fn(*mut c_void, *mut c_void, *const OSSL_PARAM) -> c_int;
    signature_verify_message_update, OSSL_FUNC_SIGNATURE_VERIFY_MESSAGE_UPDATE = 31 since "3.4": fn(*mut c_void, *const u8, usize) -> c_int;
    signature_verify_message_final, OSSL_FUNC_SIGNATURE_VERIFY_MESSAGE_FINAL = 32 since "3.4": fn(*mut c_void) -> c_int;

    // provider-storemgmt(7)
    store_open, OSSL_FUNC_STORE_OPEN = 1: fn(*mut c_void, *const c_char) -> *mut c_void;
    store_attach, OSSL_FUNC_STORE_ATTACH = 2: fn(*mut c_void, *mut OSSL_CORE_BIO) -> *mut c_void;
    store_settable_ctx_params, OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS = 3: fn(*mut c_void) -> *const OSSL_PARAM;
    store_set_ctx_params, OSSL_FUNC_STORE_SET_CTX_PARAMS = 4: fn(*mut c_void, *const OSSL_PARAM) -> c_int;
    store_load, OSSL_FUNC_STORE_LOAD = 5: fn(*mut c_void, OSSL_CALLBACK, *mut c_void, OSSL_PASSPHRASE_CALLBACK, *mut c_void) -> c_int;
    store_eof, OSSL_FUNC_STORE_EOF = 6: fn(*mut c_void) -> c_int;
    store_close, OSSL_FUNC_STORE_CLOSE = 7: fn(*mut c_void) -> c_int;

    // provider-asym_cipher(7)
    asym_cipher_newctx, OSSL_FUNC_ASYM_CIPHER_NEWCTX = 1: fn(*mut c_void) -> *mut c_void;
    asym_cipher_encrypt_init, OSSL_FUNC_ASYM_CIPHER_ENCRYPT_INIT = 2: fn(*mut c_void, *mut c_void, *const OSSL_PARAM) -> c_int;
    asym_cipher_encrypt, OSSL_FUNC_ASYM_CIPHER_ENCRYPT = 3: fn(*mut c_void, *mut u8, *mut usize, usize, *const u8, usize) -> c_int;
    asym_cipher_decrypt_init, OSSL_FUNC_ASYM_CIPHER_DECRYPT_INIT = 4: fn(*mut c_void, *mut c_void, *const OSSL_PARAM) -> c_int;
    asym_cipher_decrypt, OSSL_FUNC_ASYM_CIPHER_DECRYPT = 5: fn(*mut c_void, *mut u8, *mut usize, usize, *const u8, usize) -> c_int;
    asym_cipher_freectx, OSSL_FUNC_ASYM_CIPHER_FREECTX = 6: fn(*mut c_void);
    asym_cipher_dupctx, OSSL_FUNC_ASYM_CIPHER_DUPCTX = 7: fn(*mut c_void) -> *mut c_void;
    asym_cipher_get_ctx_params, OSSL_FUNC_ASYM_CIPHER_GET_CTX_PARAMS = 8: fn(*mut c_void, *mut OSSL_PARAM) -> c_int;
    asym_cipher_gettable_ctx_params, OSSL_FUNC_ASYM_CIPHER_GETTABLE_CTX_PARAMS = 9: fn(*mut c_void, *mut c_void) -> *const OSSL_PARAM;
    asym_cipher_set_ctx_params, OSSL_FUNC_ASYM_CIPHER_SET_CTX_PARAMS = 10: fn(*mut c_void, *const OSSL_PARAM) -> c_int;
    asym_cipher_settable_ctx_params, OSSL_FUNC_ASYM_CIPHER_SETTABLE_CTX_PARAMS = 11: fn(*mut c_void, *mut c_void) -> *const OSSL_PARAM;
}
