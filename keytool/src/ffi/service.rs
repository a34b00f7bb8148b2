//! OpenSSL as a service uses it: a library context with the providers of a configuration, in which a key is opened and used.

use std::ffi::{CStr, CString, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr::{self, NonNull};

use foreign_types::ForeignType;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl_sys::{EVP_PKEY, OSSL_LIB_CTX};

use super::openssl::load_config;
use crate::password::Secret;

mod key;

pub(crate) use key::{ServiceKey, Signed};

/// OSSL_STORE_INFO_PKEY of openssl/store.h.
const STORE_PKEY: c_int = 4;
/// OPENSSL_INFO_MODULES_DIR of openssl/crypto.h.
const MODULES_DIR: c_int = 1003;

/// pem_password_cb of openssl/pem.h.
type AskPassword = unsafe extern "C" fn(*mut c_char, c_int, c_int, *mut c_void) -> c_int;

unsafe extern "C" {
    fn OPENSSL_info(kind: c_int) -> *const c_char;
    fn OSSL_PROVIDER_available(context: *mut OSSL_LIB_CTX, name: *const c_char) -> c_int;
    fn OSSL_STORE_open_ex(
        uri: *const c_char,
        context: *mut OSSL_LIB_CTX,
        query: *const c_char,
        ui: *const c_void,
        ui_data: *mut c_void,
        parameters: *const c_void,
        after: *const c_void,
        after_data: *mut c_void,
    ) -> *mut c_void;
    fn OSSL_STORE_expect(store: *mut c_void, kind: c_int) -> c_int;
    fn OSSL_STORE_load(store: *mut c_void) -> *mut c_void;
    fn OSSL_STORE_eof(store: *mut c_void) -> c_int;
    fn OSSL_STORE_close(store: *mut c_void) -> c_int;
    fn OSSL_STORE_INFO_get1_PKEY(info: *const c_void) -> *mut EVP_PKEY;
    fn OSSL_STORE_INFO_free(info: *mut c_void);
    fn UI_UTIL_wrap_read_pem_callback(ask: AskPassword, writes: c_int) -> *mut c_void;
    fn UI_destroy_method(method: *mut c_void);
}

/// Returns the folder where OpenSSL looks for modules without a path.
pub(crate) fn modules() -> PathBuf {
    // OpenSSL uses ossl_safe_getenv here. This program is not setuid, so the result is the same.
    if let Some(folder) = std::env::var_os("OPENSSL_MODULES") {
        return folder.into();
    }
    // SAFETY: OPENSSL_info(3) returns a C string that lives as long as the library, or NULL.
    let text = unsafe { OPENSSL_info(MODULES_DIR) };
    if text.is_null() {
        return PathBuf::new();
    }
    // SAFETY: not NULL, so a C string, which is copied.
    let bytes = unsafe { CStr::from_ptr(text) }.to_bytes().to_vec();
    PathBuf::from(OsStr::from_bytes(&bytes))
}

/// A separate library context.
pub(crate) struct LibraryContext(NonNull<OSSL_LIB_CTX>);

impl LibraryContext {
    /// Creates a library context with the built-in providers only.
    ///
    /// # Errors
    /// There is not enough memory.
    pub(crate) fn new() -> Result<Self, ErrorStack> {
        // SAFETY: OSSL_LIB_CTX_new(3) takes nothing.
        let context = unsafe { openssl_sys::OSSL_LIB_CTX_new() };
        NonNull::new(context).map(Self).ok_or_else(ErrorStack::get)
    }

    /// Loads the providers that a configuration activates.
    ///
    /// # Errors
    /// A line of the configuration fails.
    pub(crate) fn load(&self, path: &Path) -> Result<(), ErrorStack> {
        load_config(self.0.as_ptr(), path)
    }

    /// Returns true if the provider is active.
    pub(crate) fn has(&self, provider: &str) -> bool {
        let Ok(name) = CString::new(provider) else { return false };
        // SAFETY: OSSL_PROVIDER_available(3): a context and a C string.
        let found = unsafe { OSSL_PROVIDER_available(self.0.as_ptr(), name.as_ptr()) } == 1;
        drop(ErrorStack::get());
        found
    }

    /// Opens the first private key of a file or URI (ossl_store(7)). `password` answers OpenSSL's question for one.
    ///
    /// # Errors
    /// There is no private key, or it cannot be opened.
    pub(crate) fn key(&self, uri: &OsStr, password: Option<&Secret>) -> Result<ServiceKey<'_>, ErrorStack> {
        let uri = CString::new(uri.as_bytes()).unwrap_or_default();
        // SAFETY: UI_UTIL_read_pw(3): the function has the type that is wanted.
        let ui = unsafe { UI_UTIL_wrap_read_pem_callback(give_password, 0) };
        let ui_data = (&raw const password).cast_mut().cast();
        // SAFETY: OSSL_STORE_open(3): a C string, a context, and `password`, which outlives the store.
        let store = unsafe {
            OSSL_STORE_open_ex(
                uri.as_ptr(),
                self.0.as_ptr(),
                ptr::null(),
                ui,
                ui_data,
                ptr::null(),
                ptr::null(),
                ptr::null_mut(),
            )
        };
        let found = if store.is_null() { None } else { first_key(store) };
        let failed = ErrorStack::get();
        // SAFETY: UI_create_method(3): it was created here, and the store that used it is closed.
        unsafe { UI_destroy_method(ui) };
        found.map(|key| ServiceKey::of(key, self)).ok_or(failed)
    }
}

impl Drop for LibraryContext {
    fn drop(&mut self) {
        // SAFETY: OSSL_LIB_CTX_free(3): it was created by `new`; no key of it is left, because each borrows it.
        unsafe { openssl_sys::OSSL_LIB_CTX_free(self.0.as_ptr()) };
    }
}

/// Reads the store until a key is found, and closes it.
fn first_key(store: *mut c_void) -> Option<PKey<Private>> {
    let mut found = None;
    // SAFETY: OSSL_STORE_expect(3): an open store.
    unsafe { OSSL_STORE_expect(store, STORE_PKEY) };
    // SAFETY: OSSL_STORE_open(3): an open store.
    while found.is_none() && unsafe { OSSL_STORE_eof(store) } == 0 {
        // SAFETY: OSSL_STORE_open(3): an open store.
        let info = unsafe { OSSL_STORE_load(store) };
        if info.is_null() {
            continue;
        }
        // SAFETY: OSSL_STORE_INFO(3): NULL if it is not a key, otherwise a key that the caller owns.
        let key = unsafe { OSSL_STORE_INFO_get1_PKEY(info) };
        // SAFETY: OSSL_STORE_INFO(3): the caller owns it.
        unsafe { OSSL_STORE_INFO_free(info) };
        // SAFETY: not NULL, so a key that we own.
        found = (!key.is_null()).then(|| unsafe { PKey::from_ptr(key) });
    }
    // SAFETY: OSSL_STORE_open(3): an open store, which is used no more.
    unsafe { OSSL_STORE_close(store) };
    found
}

/// Gives OpenSSL the password. Without a password it fails, so that OpenSSL does not ask on the terminal.
unsafe extern "C" fn give_password(
    buffer: *mut c_char,
    size: c_int,
    _writes: c_int,
    password: *mut c_void,
) -> c_int {
    // SAFETY: `LibraryContext::key` gives a reference to an Option, which outlives the store.
    let Some(password) = (unsafe { &*password.cast::<Option<&Secret>>() }) else { return -1 };
    let bytes = password.bytes();
    let (Ok(length), true) = (c_int::try_from(bytes.len()), !buffer.is_null()) else { return -1 };
    if length > size {
        return -1;
    }
    // SAFETY: the buffer has `size` bytes, and does not overlap the password.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), buffer.cast::<u8>(), bytes.len()) };
    length
}
