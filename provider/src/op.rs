//! The operations: safe implementations of the traits of `ffi/op`.

pub(crate) mod signature;
