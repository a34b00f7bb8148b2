//! The operations: safe implementations of the traits of `ffi/op`.

pub(crate) mod asym_cipher;
pub(crate) mod decoder;
pub(crate) mod encoder;
pub(crate) mod keyexch;
pub(crate) mod keymgmt;
pub(crate) mod rand;
pub(crate) mod signature;
mod software;
pub(crate) mod store;
