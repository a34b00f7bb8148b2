//! Environment variables by secure_getenv(3): a program with more rights than its caller does not listen to the caller.

use std::ffi::{CStr, CString, c_char};

unsafe extern "C" {
    fn secure_getenv(name: *const c_char) -> *mut c_char;
}

/// The value of a variable; `None` when it is unset, or not to be listened to.
pub(crate) fn variable(name: &str) -> Option<Vec<u8>> {
    let name = CString::new(name).ok()?;
    // SAFETY: the name ends with NUL; as with getenv(3), nobody may change the environment meanwhile.
    let value = unsafe { secure_getenv(name.as_ptr()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: not NULL, so a C string of the environment; it is copied at once.
    let value = unsafe { CStr::from_ptr(value) };
    Some(value.to_bytes().to_vec())
}
