//! Operations with the keys of a token.
//!
//! | file | what |
//! |---|---|
//! | `key` | a key in use |
//! | `uses` | what the TPM lets it do |
//! | `signing`, `decryption` | a signature or a decryption in progress |
//! | `agreement` | derives a key from a shared secret |
//! | `generation` | creates a key in the TPM |

mod agreement;
mod decryption;
mod generation;
mod key;
mod signing;
mod uses;

pub(crate) use agreement::derive;
pub(crate) use decryption::Decryption;
pub(crate) use generation::{NewKey, generate};
use key::explain;
pub(crate) use key::{InUse, OpenKey};
pub(crate) use signing::Signing;
pub(crate) use uses::Uses;
