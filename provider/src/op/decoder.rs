//! Decoders: a key file becomes a key object. A TPM is asked only to prove a password.

mod bare;
mod der;
mod dropped;
mod handing;
mod pem;
mod reference;

pub(crate) use bare::BareDecoder;
pub(crate) use der::{KeyDecoder, password, type_of};
pub(crate) use pem::PemDecoder;
pub(crate) use reference::referenced;

/// The structure by which libcrypto hands PEM contents on to the decoders of our files only.
const STRUCTURE: &str = "TPM2";
