//! A nonce, Name or other short value: hexadecimal digits, or a file with the bytes.

use std::fmt::Write;
use std::path::Path;

use crate::error::Error;
use crate::input;

/// Returns the bytes of an argument: of the file with this name if there is one, otherwise of the digits.
///
/// # Errors
/// The file cannot be read, or there is none and the argument is not hexadecimal.
pub(crate) fn read(argument: &Path, what: &str) -> Result<Vec<u8>, Error> {
    const ADVICE: &str = "give hexadecimal digits, or the name of a file with the bytes";
    if argument.exists() {
        return Ok(input::read(argument, ADVICE)?.to_vec());
    }
    let digits = argument.to_str().and_then(from_hex);
    let wrong = || Error::request(format!("the {what} is neither hexadecimal nor a file"), ADVICE);
    digits.filter(|bytes| !bytes.is_empty()).ok_or_else(wrong)
}

/// Returns the bytes of hexadecimal digits.
pub(crate) fn from_hex(digits: &str) -> Option<Vec<u8>> {
    (digits.len() % 2 == 0 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(())?;
    // The bytes may be secret, so no growing buffer leaves copies behind.
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    for at in (0..digits.len()).step_by(2) {
        bytes.push(u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?);
    }
    Some(bytes)
}

/// Returns the bytes as hexadecimal digits.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        // Writing to a text cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}
