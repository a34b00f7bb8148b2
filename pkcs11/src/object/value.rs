//! Values of attributes, as the bytes that PKCS#11 passes.

use cryptoki_sys::*;
use zeroize::Zeroizing;

/// The answer to a question for an attribute.
pub(crate) enum Found {
    /// Its value.
    Value(Zeroizing<Vec<u8>>),
    /// The value is secret: the private half of a key, or a derived key that is marked so.
    Sensitive,
    /// The object has no such attribute.
    Unknown,
}

pub(super) fn bytes(value: &[u8]) -> Found {
    Found::Value(Zeroizing::new(value.to_vec()))
}

pub(super) fn number(value: CK_ULONG) -> Found {
    bytes(&value.to_ne_bytes())
}

pub(super) fn flag(value: bool) -> Found {
    bytes(&[if value { CK_TRUE } else { CK_FALSE }])
}

/// The value of an attribute that is not set.
pub(super) fn empty() -> Found {
    bytes(&[])
}
