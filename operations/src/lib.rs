//! The private operations of a key in a TPM, for the modules that programs load: pads and removes paddings, chooses the scheme of the TPM,
//! verifies what is not authenticated, and explains what a key or a TPM cannot do.
//!
//! The caller brings the two halves of a key and the hash functions. Nothing here depends on the cryptographic library of the caller.
//!
//! | module | what |
//! |---|---|
//! | `private` | [`Private`]: the private half, in the TPM |
//! | `public` | [`PublicHalf`]: the public half and random bytes, in software |
//! | [`software`] | the public half by the RustCrypto crates |
//! | `digest` | [`Digest`]: a hash function with its name |
//! | [`signature`] | the input of a signature, and restricted keys |
//! | [`rsa`] | RSA signatures |
//! | [`ecdsa`] | ECDSA signatures |
//! | [`decryption`] | RSA decryption |
//! | [`ecdh`] | shared secrets |
//! | `memory` | [`Memory`]: what the operations remember of a key |
//! | `error` | [`Error`]: its kind, a text, a hint, the cause |

#![forbid(unsafe_code)]

pub mod decryption;
mod digest;
pub mod ecdh;
pub mod ecdsa;
mod error;
#[cfg(any(test, feature = "fake"))]
pub mod fake;
mod memory;
mod private;
mod public;
pub mod rsa;
pub mod signature;
pub mod software;

pub use digest::Digest;
pub use error::{Error, Kind, Parts, Result};
pub use memory::Memory;
pub use missing::error::Failure;
pub use private::Private;
pub use public::PublicHalf;
pub use rsa::TpmSalt;
pub use tpm::Answer;
