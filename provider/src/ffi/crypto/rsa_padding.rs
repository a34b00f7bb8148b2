//! RSA paddings by their numbers in openssl/rsa.h.

/// RSA_PKCS1_PADDING
pub(crate) const PKCS1: i32 = 1;
/// RSA_NO_PADDING
pub(crate) const NONE: i32 = 3;
/// RSA_PKCS1_OAEP_PADDING
pub(crate) const OAEP: i32 = 4;
/// RSA_X931_PADDING
pub(crate) const X931: i32 = 5;
/// RSA_PKCS1_PSS_PADDING
pub(crate) const PSS: i32 = 6;
/// RSA_PKCS1_WITH_TLS_PADDING
pub(crate) const TLS: i32 = 7;
