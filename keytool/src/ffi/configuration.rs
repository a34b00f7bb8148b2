//! Reads a configuration file of OpenSSL with OpenSSL's own parser (NCONF), which supports .include, variables and escapes (config(5)).

use std::ffi::{CStr, CString, OsStr, c_char, c_int, c_long, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr::{self, NonNull};

use openssl::error::ErrorStack;
use openssl_sys::{CONF, CRYPTO_free, OPENSSL_STACK, OPENSSL_sk_num, OPENSSL_sk_value};

/// CONF_VALUE of openssl/conf.h.
#[repr(C)]
struct Entry {
    section: *mut c_char,
    name: *mut c_char,
    value: *mut c_char,
}

unsafe extern "C" {
    fn CONF_get1_default_config_file() -> *mut c_char;
    fn NCONF_new(method: *const c_void) -> *mut CONF;
    fn NCONF_free(conf: *mut CONF);
    fn NCONF_load(conf: *mut CONF, file: *const c_char, line: *mut c_long) -> c_int;
    fn NCONF_get_string(conf: *const CONF, section: *const c_char, name: *const c_char) -> *mut c_char;
    fn NCONF_get_section(conf: *const CONF, section: *const c_char) -> *mut OPENSSL_STACK;
}

/// A configuration file, read into memory.
pub(crate) struct Configuration(NonNull<CONF>);

impl Configuration {
    /// Returns the file that OpenSSL reads by default: OPENSSL_CONF, which a setuid program ignores, or openssl.cnf in OpenSSL's folder.
    /// Returns `None` if OPENSSL_CONF is empty, which switches the file off.
    pub(crate) fn default_path() -> Option<PathBuf> {
        // SAFETY: it takes no arguments and returns a new C string, or NULL.
        let path = unsafe { CONF_get1_default_config_file() };
        if path.is_null() {
            return None;
        }
        // SAFETY: not NULL, so a C string, which is copied.
        let bytes = unsafe { CStr::from_ptr(path) }.to_bytes().to_vec();
        // SAFETY: OPENSSL_malloc(3): it was allocated for the caller, and is not used any more.
        unsafe { CRYPTO_free(path.cast(), ptr::null(), 0) };
        (!bytes.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(&bytes)))
    }

    /// Reads a file and the files that it includes.
    ///
    /// # Errors
    /// The file cannot be read or is malformed. The text contains the line and the reason.
    pub(crate) fn load(path: &Path) -> Result<Self, String> {
        let name = CString::new(path.as_os_str().as_bytes()).map_err(|error| error.to_string())?;
        // SAFETY: NCONF_new(3): NULL selects the default method.
        let conf = NonNull::new(unsafe { NCONF_new(ptr::null()) });
        let conf = Self(conf.ok_or_else(|| ErrorStack::get().to_string())?);
        let mut line: c_long = 0;
        // SAFETY: NCONF_load(3): a new CONF, a C string, and memory for a number.
        if unsafe { NCONF_load(conf.0.as_ptr(), name.as_ptr(), &mut line) } == 1 {
            return Ok(conf);
        }
        let errors = ErrorStack::get();
        let reason = errors.errors().first().and_then(openssl::error::Error::reason);
        let reason = reason.unwrap_or("no reason given");
        Err(if line > 0 { format!("line {line}: {reason}") } else { reason.to_owned() })
    }

    /// Returns a value. The section `None` is the part before the first section.
    pub(crate) fn value(&self, section: Option<&[u8]>, name: &str) -> Option<Vec<u8>> {
        let section = section.map(CString::new).transpose().ok()?;
        let name = CString::new(name).ok()?;
        let section = section.as_ref().map_or(ptr::null(), |section| section.as_ptr());
        // SAFETY: NCONF_get_string(3): a loaded CONF, a C string or NULL, and a C string.
        let value = unsafe { NCONF_get_string(self.0.as_ptr(), section, name.as_ptr()) };
        // A missing value adds an error to OpenSSL's queue.
        drop(ErrorStack::get());
        // SAFETY: the value belongs to the CONF, and is copied.
        unsafe { copied(value) }
    }

    /// Returns the lines of a section, or none if there is no such section.
    pub(crate) fn section(&self, name: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
        let name = CString::new(name).ok()?;
        // SAFETY: NCONF_get_section(3): a loaded CONF and a C string. The stack belongs to the CONF.
        let stack = unsafe { NCONF_get_section(self.0.as_ptr(), name.as_ptr()) };
        drop(ErrorStack::get());
        if stack.is_null() {
            return None;
        }
        // SAFETY: a stack of the CONF.
        let count = unsafe { OPENSSL_sk_num(stack) };
        let line = |at: c_int| {
            // SAFETY: a stack of the CONF, which holds `count` entries.
            let entry = unsafe { OPENSSL_sk_value(stack, at) }.cast::<Entry>();
            // SAFETY: all entries of a section are CONF_VALUE, and belong to the CONF.
            let entry = unsafe { entry.as_ref() }?;
            // SAFETY: it belongs to the CONF, and is copied.
            let name = unsafe { copied(entry.name) }?;
            // SAFETY: as the name.
            let value = unsafe { copied(entry.value) }?;
            Some((name, value))
        };
        Some((0..count).filter_map(line).collect())
    }
}

impl Drop for Configuration {
    fn drop(&mut self) {
        // SAFETY: NCONF_free(3): this process owns it and does not use it any more.
        unsafe { NCONF_free(self.0.as_ptr()) };
    }
}

/// # Safety
/// NULL, or a C string.
unsafe fn copied(text: *const c_char) -> Option<Vec<u8>> {
    if text.is_null() {
        return None;
    }
    // SAFETY: promised by the caller.
    Some(unsafe { CStr::from_ptr(text) }.to_bytes().to_vec())
}
