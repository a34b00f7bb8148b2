//! The attributes of a URI, as in PKCS#11 URIs (RFC 7512 §2.3): `;` separates path attributes, `&` separates query attributes, and bytes
//! are written as `%20`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::{Password, UriError};

/// An attribute: the name, and the value after the equals sign.
pub(super) struct Attribute<'a> {
    pub(super) name: &'a str,
    pub(super) value: Option<&'a str>,
}

impl Attribute<'_> {
    /// Returns what the attribute says about the password. `first` is true if no attribute about the password precedes it.
    pub(super) fn password(&self, first: bool) -> Result<Password, UriError> {
        match (self.name, self.value) {
            ("pass", None) => Ok(Password::Asked),
            ("pin-value", Some(value)) => Ok(Password::Value(decoded(value)?)),
            ("pin-source", Some(value)) => {
                let path = value.strip_prefix("file:").ok_or(UriError::Source)?;
                // file:///path is file:/path with an empty host (RFC 8089).
                let path = path.strip_prefix("//").unwrap_or(path);
                Ok(Password::Source(decoded_path(path)?))
            }
            ("pass" | "pin-value" | "pin-source", _) => Err(UriError::Empty("pin-value= or pin-source=")),
            _ => Err(self.unknown(first)),
        }
    }

    /// Returns the error of an unknown attribute. The error shows the name only if it cannot be part of a password: a password that
    /// contains `&`, or one that was put in the wrong position, may look like an attribute and may end with equals signs.
    pub(super) fn unknown(&self, first: bool) -> UriError {
        let has_value = self.value.is_some_and(|value| !value.is_empty() && !value.starts_with('='));
        UriError::Attribute(if first && has_value { self.name } else { "…" }.to_owned())
    }
}

/// Returns the attributes before the question mark.
pub(super) fn of_path(text: &str) -> impl Iterator<Item = Attribute<'_>> {
    split(text, ';')
}

/// Returns the attributes after the question mark.
pub(super) fn of_query(text: &str) -> impl Iterator<Item = Attribute<'_>> {
    split(text, '&')
}

fn split(text: &str, at: char) -> impl Iterator<Item = Attribute<'_>> {
    text.split(at).filter(|part| !part.is_empty()).map(|part| match part.split_once('=') {
        Some((name, value)) => Attribute { name, value: Some(value) },
        None => Attribute { name: part, value: None },
    })
}

/// Decodes a path; its bytes need not be UTF-8.
pub(super) fn decoded_path(text: &str) -> Result<PathBuf, UriError> {
    Ok(OsString::from_vec(decoded(text)?.to_vec()).into())
}

/// Decodes percent-encoded bytes (RFC 3986 §2.1).
fn decoded(text: &str) -> Result<Zeroizing<Vec<u8>>, UriError> {
    let digit = |digit: Option<u8>| {
        let value = char::from(digit?).to_digit(16)?;
        u8::try_from(value).ok()
    };
    // The result is never longer than the text, so the buffer does not grow and leaves no copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let (high, low) = (digit(rest.next()), digit(rest.next()));
                high.zip(low).map(|(high, low)| high << 4 | low).ok_or(UriError::Percent)?
            }
            byte => byte,
        });
    }
    Ok(bytes)
}
