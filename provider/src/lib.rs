//! tpm2.so: the OpenSSL provider that sends private-key operations to a TPM 2.0.

#![deny(unsafe_code)]

#[allow(unsafe_code)]
mod ffi;
