//! Base64: the URL form without padding of RFC 8555 §6.1, in which all binary values are.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;

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
