//! OpenSSL without the user's openssl.cnf, which may load the provider tpm2, and with the providers of the setting `software`.

use std::ffi::{CString, c_char, c_int};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

use openssl::error::ErrorStack;
use openssl::provider::Provider;
use openssl_sys::OSSL_LIB_CTX;

unsafe extern "C" {
    fn OSSL_LIB_CTX_load_config(context: *mut OSSL_LIB_CTX, file: *const c_char) -> c_int;
}

/// OPENSSL_INIT_NO_LOAD_CONFIG of openssl/crypto.h.
const NO_LOAD_CONFIG: u64 = 0x80;

/// Initializes libcrypto with its default provider only. Must be called before any other use of OpenSSL, which would load the configuration.
pub(crate) fn start_without_configuration() {
    // SAFETY: OPENSSL_init_ssl(3): may be called from any thread, any number of times; NULL settings are allowed.
    unsafe { openssl_sys::OPENSSL_init_ssl(NO_LOAD_CONFIG, ptr::null()) };
}

/// Loads these providers for the lifetime of the process.
///
/// # Errors
/// One of them cannot be loaded.
pub(crate) fn load(names: &[&str]) -> Result<(), ErrorStack> {
    for name in names {
        // Dropping the value would unload the provider.
        std::mem::forget(Provider::load(None, name)?);
    }
    Ok(())
}

/// Loads the providers that a configuration activates.
///
/// # Errors
/// The configuration cannot be read, or a provider cannot be loaded.
pub(crate) fn load_by(path: &Path) -> Result<(), ErrorStack> {
    load_config(ptr::null_mut(), path)
}

/// Loads the configuration in a library context. NULL is the default one.
pub(super) fn load_config(context: *mut OSSL_LIB_CTX, path: &Path) -> Result<(), ErrorStack> {
    let name = CString::new(path.as_os_str().as_bytes()).unwrap_or_default();
    // SAFETY: OSSL_LIB_CTX_load_config(3): a library context or NULL; a C string.
    match unsafe { OSSL_LIB_CTX_load_config(context, name.as_ptr()) } {
        1 => Ok(()),
        _ => Err(ErrorStack::get()),
    }
}
