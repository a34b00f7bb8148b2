//! A test fetches every row of the registry, because OpenSSL silently drops an algorithm whose function set
//! is incomplete.

use std::ffi::{CStr, c_char, c_int, c_void};

use super::libcrypto::Libcrypto;
use super::libcrypto::tests::{Testing, function};
use super::sys::{self, OSSL_ALGORITHM, OSSL_LIB_CTX};
use crate::registry;

type Fetch = unsafe extern "C" fn(*mut OSSL_LIB_CTX, *const c_char, *const c_char) -> *mut c_void;
type Free = unsafe extern "C" fn(*mut c_void);
type Description = unsafe extern "C" fn(*const c_void) -> *const c_char;

/// The number of an operation, and the functions of its methods.
macro_rules! operations {
    ($($number:path: $fetch:literal, $free:literal, $description:literal;)*) => {
        fn operations() -> Vec<(c_int, Fetch, Free, Description)> {
            vec![$( (
                $number,
                // SAFETY: every `fetch` has this C signature but for the type of its result, a pointer.
                unsafe { std::mem::transmute::<Option<unsafe extern "C" fn()>, Option<Fetch>>(function($fetch)) }.unwrap(),
                // SAFETY: as above, with its argument.
                unsafe { std::mem::transmute::<Option<unsafe extern "C" fn()>, Option<Free>>(function($free)) }.unwrap(),
                // SAFETY: as above.
                unsafe { std::mem::transmute::<Option<unsafe extern "C" fn()>, Option<Description>>(function($description)) }.unwrap(),
            ), )*]
        }
    };
}

operations! {
    sys::OSSL_OP_KEYMGMT: c"EVP_KEYMGMT_fetch", c"EVP_KEYMGMT_free", c"EVP_KEYMGMT_get0_description";
    sys::OSSL_OP_SIGNATURE: c"EVP_SIGNATURE_fetch", c"EVP_SIGNATURE_free", c"EVP_SIGNATURE_get0_description";
    sys::OSSL_OP_ASYM_CIPHER: c"EVP_ASYM_CIPHER_fetch", c"EVP_ASYM_CIPHER_free", c"EVP_ASYM_CIPHER_get0_description";
    sys::OSSL_OP_KEYEXCH: c"EVP_KEYEXCH_fetch", c"EVP_KEYEXCH_free", c"EVP_KEYEXCH_get0_description";
    sys::OSSL_OP_DECODER: c"OSSL_DECODER_fetch", c"OSSL_DECODER_free", c"OSSL_DECODER_get0_description";
    sys::OSSL_OP_ENCODER: c"OSSL_ENCODER_fetch", c"OSSL_ENCODER_free", c"OSSL_ENCODER_get0_description";
    sys::OSSL_OP_RAND: c"EVP_RAND_fetch", c"EVP_RAND_free", c"EVP_RAND_get0_description";
    sys::OSSL_OP_STORE: c"OSSL_STORE_LOADER_fetch", c"OSSL_STORE_LOADER_free", c"OSSL_STORE_LOADER_get0_description";
}

#[test]
fn every_row_of_the_registry_can_be_fetched() {
    let (libcrypto, testing) = (Libcrypto::for_tests(), Testing::functions());
    // SAFETY: OSSL_LIB_CTX_new(3ossl) has no preconditions.
    let context = unsafe { (testing.OSSL_LIB_CTX_new)() };
    // SAFETY: the context is alive, the function is this module's entry.
    let added = unsafe {
        (testing.OSSL_PROVIDER_add_builtin)(context, c"tpm2".as_ptr(), Some(super::init::OSSL_provider_init))
    };
    assert_eq!(added, 1);
    // SAFETY: the context is alive.
    let provider = unsafe { (libcrypto.OSSL_PROVIDER_load)(context, c"tpm2".as_ptr()) };
    assert!(!provider.is_null());
    let mut fetched = 0;
    for (operation, fetch, free, description) in operations() {
        // Generators have their rows because no other provider is loaded.
        let generators = registry::GENERATORS.into_iter().filter(|row| !row.algorithm_names.is_null());
        let generators = generators.filter(|_| operation == sys::OSSL_OP_RAND);
        for row in registry::rows(operation, libcrypto.is_at_least(3, 4)).chain(generators) {
            // SAFETY: the rows hold constant C strings.
            let names = unsafe { CStr::from_ptr(row.algorithm_names) }.to_str().unwrap();
            // SAFETY: as above.
            let wanted = unsafe { CStr::from_ptr(row.algorithm_description) };
            for name in names.split(':') {
                let c_name = std::ffi::CString::new(name).unwrap();
                // SAFETY: context and strings are alive. The property definition of a row is a query that
                // this row fulfils.
                let method = unsafe { fetch(context, c_name.as_ptr(), row.property_definition) };
                assert!(!method.is_null(), "operation {operation}: {name} is missing: {wanted:?}");
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
    // An OpenSSL that cannot fetch signature algorithms by name must not see those rows.
    let rows = |has_named| registry::rows(sys::OSSL_OP_SIGNATURE, has_named).collect::<Vec<_>>();
    let [old, all] = [false, true].map(rows);
    let is_ours = |row: &OSSL_ALGORITHM| {
        // SAFETY: as above.
        unsafe { CStr::from_ptr(row.algorithm_names) }.to_bytes().starts_with(b"TPM2-")
    };
    assert!(old.iter().all(is_ours) && old.len() == 2, "{} rows", old.len());
    assert_eq!(all.iter().filter(|row| !is_ours(row)).count(), all.len() - old.len());
    // SAFETY: loaded above.
    unsafe { (libcrypto.OSSL_PROVIDER_unload)(provider) };
    // SAFETY: made above, not used afterwards.
    unsafe { (libcrypto.OSSL_LIB_CTX_free)(context) };
}
