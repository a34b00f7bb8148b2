//! The operations. Each one has a safe trait, generic `extern "C"` thunks that call it, and a table of these
//! thunks.
//!
//! Every `SAFETY: libcrypto` below refers to the shared promise at the top of `guard`.

pub(crate) mod asym_cipher;
pub(crate) mod decoder;
pub(crate) mod encoder;
pub(crate) mod keyexch;
pub(crate) mod keymgmt;
pub(crate) mod named_signature;
pub(crate) mod rand;
pub(crate) mod signature;
pub(crate) mod store;
