//! tpm2-keyfiles-pkcs11.so: the PKCS#11 module that offers TPM key files as tokens (PKCS#11 3.0, and the function list of 2.40).
//!
//! | file | what |
//! |---|---|
//! | `module.rs` | what C_Initialize makes, one for each process: the slots and the sessions |
//! | `slot.rs` | a slot with its token: the login and the keys in use |
//! | `session.rs` | a session: the operations in progress |
//! | `object/` | objects and their attributes |
//! | `mechanism/` | THE table of mechanisms, and their parameters |
//! | `operation/` | signatures, decryption, key agreement and generation with the keys of a token |
//! | `function/` | the functions of PKCS#11, as safe Rust, in the groups of the specification |
//! | `error.rs` | an error and its CKR_ code |
//! | `ffi/` | the only unsafe code: the function lists, arguments, the only return path to C |
//!
//! The crate `tokens` reads the configuration and the key files, `operations` signs and decrypts by scheme, `tpm` uses the TPM.
//! A new mechanism is one row in `mechanism/table.rs`, and one test.

#![deny(unsafe_code)]

mod error;
#[allow(unsafe_code)]
mod ffi;
mod function;
mod mechanism;
mod module;
mod object;
mod operation;
mod session;
mod slot;
