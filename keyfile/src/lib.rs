//! The TSS2 PRIVATE KEY file, its policies as data, and the TPM wire types both are made of.
//!
//! Pure: no TPM, no I/O, no unsafe code. The layers, from the ground up:
//!
//! | module | what |
//! |---|---|
//! | [`wire`] | the reader and writer of big-endian TPM bytes, and the traits of everything that has a wire form |
//! | `types` | the TPM's structures (TPM 2.0 Library Part 2), re-exported here one by one |
//! | [`policy`] | the statements of a policy: their meaning, their digest, in words |
//! | `file` | [`KeyFile`]: PEM, DER, and the rules between the fields |
//! | `contents` | [`contents()`]: everything in a file or an NV index |
//! | `reference` | [`KeyReference`]: a file that refers to a key in the TPM |
//! | `serialized` | [`Serialized`]: the same in the format of tpm2-tss |
//! | [`uri`] | URIs of objects in a TPM |

#![forbid(unsafe_code)]

mod contents;
mod file;
pub mod policy;
mod reference;
mod serialized;
mod types;
pub mod uri;
pub mod wire;

pub use contents::{Content, ContentsError, certificate_pem, contents, issuer, subject};
pub use file::{Error, Held, KeyFile, Kind};
pub use reference::{KeyReference, ReferenceError};
pub use serialized::Serialized;
pub use types::*;
