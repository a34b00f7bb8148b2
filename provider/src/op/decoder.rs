//! Decoders: a key file becomes a key object. The TPM is used only to verify a password.

mod bare;
mod der;
mod last_error;
mod passing;
mod pem;
mod reference;

pub(crate) use bare::BareDecoder;
pub(crate) use der::{KeyDecoder, password, type_of};
pub(crate) use pem::PemDecoder;
pub(crate) use reference::referenced;

/// The structure by which libcrypto passes PEM contents only to the decoders of this provider.
const STRUCTURE: &str = "TPM2";
