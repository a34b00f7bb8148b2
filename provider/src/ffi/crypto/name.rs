//! Compares distinguished names by RFC 5280 §7.1: upper and lower case are equal, blanks are folded.

use std::ffi::c_long;
use std::ptr;

use super::Refused;
use super::owned::Owned;
use crate::ffi::libcrypto::Libcrypto;
use crate::ffi::sys::X509_NAME;

/// Returns true if both are DER encodings of the same name.
///
/// # Errors
/// libcrypto lacks the functions for names.
pub(crate) fn is_same_name(libcrypto: &Libcrypto, one: &[u8], other: &[u8]) -> Result<bool, Refused> {
    let names = libcrypto.names?;
    let (Some(one), Some(other)) = (parse(libcrypto, one)?, parse(libcrypto, other)?) else {
        return Ok(false);
    };
    // SAFETY: both are alive.
    Ok(unsafe { (names.X509_NAME_cmp)(one.as_ptr(), other.as_ptr()) == 0 })
}

/// Parses a name. Returns `None` if it is not one.
fn parse(libcrypto: &Libcrypto, der: &[u8]) -> Result<Option<Owned<X509_NAME>>, Refused> {
    let names = libcrypto.names?;
    let Ok(length) = c_long::try_from(der.len()) else { return Ok(None) };
    let mut bytes = der.as_ptr();
    // SAFETY: the slice has this many bytes; the result is ours.
    let name =
        libcrypto.quietly(|| unsafe { (names.d2i_X509_NAME)(ptr::null_mut(), &raw mut bytes, length) });
    // SAFETY: NULL or ours.
    Ok(unsafe { Owned::new(name, names.X509_NAME_free, "read the name") }.ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CN=..., as a PrintableString (0x13) or a UTF8String (0x0c).
    fn name(tag: u8, text: &str) -> Vec<u8> {
        let length = u8::try_from(text.len()).unwrap();
        let head = [0x30, length + 11, 0x31, length + 9, 0x30, length + 7, 6, 3, 0x55, 4, 3, tag, length];
        [&head[..], text.as_bytes()].concat()
    }

    #[test]
    fn names_are_compared_without_case_and_extra_blanks() {
        let libcrypto = Libcrypto::for_tests();
        let same = |one: &[u8], other: &[u8]| is_same_name(&libcrypto, one, other).unwrap();
        assert!(same(&name(0x0c, "A  root"), &name(0x13, "a ROOT")));
        assert!(!same(&name(0x0c, "root"), &name(0x0c, "boot")));
        assert!(!same(b"", &name(0x0c, "root")) && !same(&name(0x0c, "root"), b"\x30\x09"));
    }
}
