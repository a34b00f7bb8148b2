//! Distinguished names, compared as RFC 5280 §7.1 wants it: letters of either case, blanks folded.

use std::ffi::{c_int, c_long};
use std::ptr;

use foreign_types::{ForeignType, foreign_type};
use openssl_sys::X509_NAME;

use super::quietly;

foreign_type! {
    /// An X509_NAME.
    unsafe type Name {
        type CType = X509_NAME;
        fn drop = openssl_sys::X509_NAME_free;
    }
}

// d2i_X509_NAME(3ossl), X509_NAME_cmp(3ossl)
unsafe extern "C" {
    fn d2i_X509_NAME(name: *mut *mut X509_NAME, octets: *mut *const u8, length: c_long) -> *mut X509_NAME;
    fn X509_NAME_cmp(one: *const X509_NAME, other: *const X509_NAME) -> c_int;
}

/// Whether both are DER of one name.
pub(crate) fn is_same_name(one: &[u8], other: &[u8]) -> bool {
    let (Some(one), Some(other)) = (parse(one), parse(other)) else { return false };
    // SAFETY: both are alive.
    unsafe { X509_NAME_cmp(one.as_ptr(), other.as_ptr()) == 0 }
}

fn parse(der: &[u8]) -> Option<Name> {
    let length = c_long::try_from(der.len()).ok()?;
    let mut octets = der.as_ptr();
    // SAFETY: so many octets are there; the answer is ours.
    let name = quietly(|| unsafe { d2i_X509_NAME(ptr::null_mut(), &raw mut octets, length) });
    // SAFETY: not NULL, and ours.
    (!name.is_null()).then(|| unsafe { Name::from_ptr(name) })
}

#[cfg(test)]
mod tests {
    use super::is_same_name;

    /// CN=..., as a PrintableString (0x13) or a UTF8String (0x0c).
    fn name(tag: u8, text: &str) -> Vec<u8> {
        let length = u8::try_from(text.len()).unwrap();
        let head = [0x30, length + 11, 0x31, length + 9, 0x30, length + 7, 6, 3, 0x55, 4, 3, tag, length];
        [&head[..], text.as_bytes()].concat()
    }

    #[test]
    fn names_are_compared_as_people_read_them() {
        assert!(is_same_name(&name(0x0c, "A  root"), &name(0x13, "a ROOT")));
        assert!(!is_same_name(&name(0x0c, "root"), &name(0x0c, "boot")));
        assert!(!is_same_name(b"", &name(0x0c, "root")) && !is_same_name(&name(0x0c, "root"), b"\x30\x09"));
    }
}
