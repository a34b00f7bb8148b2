//! tpm2.so: the OpenSSL provider that sends private-key operations to a TPM 2.0.
//!
//! | file | what |
//! |---|---|
//! | `registry.rs` | THE table: every algorithm row of every operation. Read it first |
//! | `provider.rs` | one loaded instance: the core, the private library context, the TPM opened at first use |
//! | `config.rs` | where the settings come from; the crate `tpm` reads them |
//! | `error.rs` | one error type; reason numbers and their strings in one table |
//! | `fips.rs` | whether the rows say `fips=yes` |
//! | `key.rs` | the key object: in the TPM, or in software |
//! | `private.rs` | what an operation asks of a key in the TPM |
//! | `tls_group.rs` | TLS groups, and how libssl's ephemeral keys are told from others |
//! | `op/` | the operations, as safe implementations of the traits of `ffi/op/` |
//! | `ffi/` | the only folder with unsafe: C layouts, typed slots, the one way out to C, software through the private context |
//!
//! A new algorithm is a type that implements the trait of its operation, one row in `registry.rs`, one test and one row in
//! docs/support.md. Nothing in `ffi/`.

#![deny(unsafe_code)]

mod config;
mod error;
#[allow(unsafe_code)]
mod ffi;
mod fips;
mod key;
mod op;
mod private;
mod provider;
mod registry;
mod tls_group;
