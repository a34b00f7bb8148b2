//! A test fetches every row of the registry: OpenSSL drops an algorithm silently when its function set is incomplete.

use std::ffi::{CStr, c_char, c_int, c_void};

use super::sys::{self, OSSL_CORE_HANDLE, OSSL_DISPATCH, OSSL_LIB_CTX};
use crate::registry;

type Fetch = unsafe extern "C" fn(*mut OSSL_LIB_CTX, *const c_char, *const c_char) -> *mut c_void;

unsafe extern "C" {
    fn OSSL_PROVIDER_add_builtin(
        context: *mut OSSL_LIB_CTX,
        name: *const c_char,
        init: unsafe extern "C" fn(
            *const OSSL_CORE_HANDLE,
            *const OSSL_DISPATCH,
            *mut *const OSSL_DISPATCH,
            *mut *mut c_void,
        ) -> c_int,
    ) -> c_int;
}

type Free = unsafe extern "C" fn(*mut c_void);
type Description = unsafe extern "C" fn(*const c_void) -> *const c_char;

/// An operation's number and the functions of its methods.
macro_rules! operations {
    ($($number:path: $fetch:ident, $free:ident, $description:ident;)*) => {
        unsafe extern "C" {
            $(
                fn $fetch(ctx: *mut OSSL_LIB_CTX, name: *const c_char, query: *const c_char) -> *mut c_void;
                fn $free(method: *mut c_void);
                fn $description(method: *const c_void) -> *const c_char;
            )*
        }

        const OPERATIONS: &[(c_int, Fetch, Free, Description)] = &[$(($number, $fetch, $free, $description)),*];
    };
}

operations! {
    sys::OSSL_OP_KEYMGMT: EVP_KEYMGMT_fetch, EVP_KEYMGMT_free, EVP_KEYMGMT_get0_description;
    sys::OSSL_OP_SIGNATURE: EVP_SIGNATURE_fetch, EVP_SIGNATURE_free, EVP_SIGNATURE_get0_description;
    sys::OSSL_OP_ASYM_CIPHER: EVP_ASYM_CIPHER_fetch, EVP_ASYM_CIPHER_free, EVP_ASYM_CIPHER_get0_description;
    sys::OSSL_OP_KEYEXCH: EVP_KEYEXCH_fetch, EVP_KEYEXCH_free, EVP_KEYEXCH_get0_description;
    sys::OSSL_OP_DECODER: OSSL_DECODER_fetch, OSSL_DECODER_free, OSSL_DECODER_get0_description;
    sys::OSSL_OP_ENCODER: OSSL_ENCODER_fetch, OSSL_ENCODER_free, OSSL_ENCODER_get0_description;
    sys::OSSL_OP_STORE: OSSL_STORE_LOADER_fetch, OSSL_STORE_LOADER_free, OSSL_STORE_LOADER_get0_description;
}

#[test]
fn every_row_of_the_registry_can_be_fetched() {
    // SAFETY: OSSL_LIB_CTX_new(3ossl) has no preconditions.
    let context = unsafe { openssl_sys::OSSL_LIB_CTX_new() };
    // SAFETY: the context is alive, the function is this module's entry.
    let added =
        unsafe { OSSL_PROVIDER_add_builtin(context, c"tpm2".as_ptr(), super::init::OSSL_provider_init) };
    assert_eq!(added, 1);
    // SAFETY: the context is alive.
    let provider = unsafe { openssl_sys::OSSL_PROVIDER_load(context, c"tpm2".as_ptr()) };
    assert!(!provider.is_null());
    let mut fetched = 0;
    for (operation, fetch, free, description) in OPERATIONS {
        for row in registry::rows(*operation).unwrap().iter().filter(|row| !row.algorithm_names.is_null()) {
            // SAFETY: the rows hold constant C strings.
            let names = unsafe { CStr::from_ptr(row.algorithm_names) }.to_str().unwrap();
            // SAFETY: as above.
            let wanted = unsafe { CStr::from_ptr(row.algorithm_description) };
            for name in names.split(':') {
                let c_name = std::ffi::CString::new(name).unwrap();
                // SAFETY: context and strings are alive; a row's property definition is a query that it fulfils.
                let method = unsafe { fetch(context, c_name.as_ptr(), row.property_definition) };
                assert!(!method.is_null(), "operation {operation}: {name} is not there: {wanted:?}");
                // SAFETY: the method is alive.
                let found = unsafe { description(method) };
                // SAFETY: every row has a description.
                let found = unsafe { CStr::from_ptr(found) };
                assert_eq!(found, wanted, "{name} is another row");
                // SAFETY: counted by the fetch, freed once.
                unsafe { free(method) };
                fetched += 1;
            }
        }
    }
    assert!(fetched > 50, "{fetched}");
    // SAFETY: loaded above.
    unsafe { openssl_sys::OSSL_PROVIDER_unload(provider) };
    // SAFETY: made above, used no more.
    unsafe { openssl_sys::OSSL_LIB_CTX_free(context) };
}
