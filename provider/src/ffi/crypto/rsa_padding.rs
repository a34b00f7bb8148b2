//! The paddings of RSA by their numbers in openssl/rsa.h.

pub(crate) use openssl_sys::{
    RSA_NO_PADDING as NONE, RSA_PKCS1_OAEP_PADDING as OAEP, RSA_PKCS1_PADDING as PKCS1,
    RSA_PKCS1_PSS_PADDING as PSS, RSA_X931_PADDING as X931,
};

/// RSA_PKCS1_WITH_TLS_PADDING, which `openssl-sys` lacks.
pub(crate) const TLS: i32 = 7;
