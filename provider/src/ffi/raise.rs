//! Puts an error on OpenSSL's queue, through the core (provider-base(7)).

use std::ffi::{CStr, CString};

use super::sys::{self, OSSL_CORE_HANDLE};
use super::upcalls::Upcalls;
use crate::error::Error;

/// The longest error text of OpenSSL (ERR_MAX_DATA_SIZE).
const TEXT_BYTES: usize = 1023;

/// Puts an error on the queue under this provider's library name.
///
/// # Safety
/// Handle and functions are those that the core passed to OSSL_provider_init.
pub(super) unsafe fn raise(upcalls: &Upcalls, handle: *const OSSL_CORE_HANDLE, entry: &CStr, error: &Error) {
    let (Some(new_error), Some(set_error_debug), Some(vset_error)) =
        (upcalls.core_new_error, upcalls.core_set_error_debug, upcalls.core_vset_error)
    else {
        return;
    };
    let text = c_text(&error.to_string());
    // SAFETY: the core's own function with its own handle (provider-base(7)).
    unsafe { new_error(handle) };
    // SAFETY: as above; OpenSSL copies both strings.
    unsafe { set_error_debug(handle, c"tpm2".as_ptr(), 0, entry.as_ptr()) };
    // SAFETY: as above; "%s" expects exactly one C string, which lives until the call returns.
    unsafe {
        sys::tpm2_vset_error(vset_error, handle, error.reason().number(), c"%s".as_ptr(), text.as_ptr());
    };
}

/// Converts a text to a C string of the size that OpenSSL keeps, cut between characters.
fn c_text(text: &str) -> CString {
    let mut text = text.replace('\0', " ");
    if text.len() > TEXT_BYTES {
        let end = (0..=TEXT_BYTES).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
    }
    CString::new(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::c_text;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let text = "ä".repeat(600);
        assert_eq!(c_text(&text).as_bytes().len(), 1022);
        assert_eq!(c_text("a\0b").as_c_str(), c"a b");
    }
}
