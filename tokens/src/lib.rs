//! Key files as PKCS#11 tokens: the configuration, the keys and certificates of each token, and changes to a folder of key files.
//!
//! The crate knows files and the TPM, but neither PKCS#11 nor OpenSSL. A program reads a [`Configuration`], and asks each [`Token`] for its
//! [`Contents`] whenever it needs them: unchanged files are not read again.
//!
//! | module | what |
//! |---|---|
//! | `configuration` | [`Configuration`]: finds and reads the file; `ini` is its syntax |
//! | `token` | [`Token`]: a folder, or the sections of one token |
//! | `contents` | [`Contents`], and the files that could not be read: [`Fault`] |
//! | `key`, `certificate` | [`TokenKey`], [`Certificate`] |
//! | `folder`, `sections` | the two kinds of tokens |
//! | `file` | what one file contains; `stamp` shows if it has changed; `notes` are the lines before its PEM block |
//! | `spki` | SubjectPublicKeyInfo, and the identifier that NSS computes from a public key |

#![forbid(unsafe_code)]

mod certificate;
mod configuration;
mod contents;
mod error;
mod file;
mod folder;
mod key;
mod notes;
mod number;
mod sections;
mod spki;
mod stamp;
#[cfg(test)]
mod testing;
mod token;

pub use certificate::Certificate;
pub use configuration::{Configuration, DEFAULT_LABEL, DEFAULT_MANUFACTURER};
pub use contents::{Contents, Fault};
pub use error::Error;
pub use key::TokenKey;
pub use token::Token;
