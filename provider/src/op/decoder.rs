//! Decoders: a key file becomes a key object, without a TPM.

mod der;
mod pem;

pub(crate) use der::KeyDecoder;
pub(crate) use pem::PemDecoder;

/// The structure by which libcrypto hands PEM contents on to the decoders of our files only.
const STRUCTURE: &str = "TPM2";
