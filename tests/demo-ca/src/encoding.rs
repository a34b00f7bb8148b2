//! The fields of requests. Binary values are in base64: the URL form without padding of RFC 8555 §6.1.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::problem::{Kind, Problem};

/// Encodes bytes.
pub(crate) fn to_text(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// Decodes a field of an object.
///
/// # Errors
/// The field is missing, or not in this encoding.
pub(crate) fn bytes_of(object: &Value, field: &str) -> Result<Vec<u8>, Problem> {
    Base64UrlUnpadded::decode_vec(text_of(object, field)?)
        .map_err(|_| Problem::new(Kind::Malformed, format!("{field} is not in base64url without padding")))
}

/// Decodes a secret field, and removes it from the object. It is wiped when dropped.
///
/// # Errors
/// As [`bytes_of`].
pub(crate) fn secret_of(object: &mut Value, field: &str) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let decoded = bytes_of(object, field).map(Zeroizing::new);
    if let Some(Value::String(text)) = object.get_mut(field).map(Value::take) {
        drop(Zeroizing::new(text));
    }
    decoded
}

/// Returns the permanent identifier in a field.
///
/// # Errors
/// It is missing, no text, empty, or not printable.
pub(crate) fn identifier_of<'a>(object: &'a Value, field: &str) -> Result<&'a str, Problem> {
    let rejected = |detail| Err(Problem::new(Kind::RejectedIdentifier, detail));
    match text_of(object, field)? {
        "" => rejected("the identifier is empty"),
        text if text.chars().any(char::is_control) => rejected("the identifier is not printable"),
        text => Ok(text),
    }
}

/// Returns a text of an object.
///
/// # Errors
/// The field is missing, or no text.
pub(crate) fn text_of<'a>(object: &'a Value, field: &str) -> Result<&'a str, Problem> {
    object
        .get(field)
        .and_then(Value::as_str)
        .ok_or_else(|| Problem::new(Kind::Malformed, format!("{field} is missing, or no text")))
}
