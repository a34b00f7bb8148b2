//! tpm2.so: the OpenSSL provider that sends private-key operations to a TPM 2.0.
//!
//! | file | what |
//! |---|---|
//! | `registry.rs` | THE table: every algorithm row of every operation. Read it first |
//! | `provider.rs` | one loaded instance: the core, the private library context, the TPM connection |
//! | `config.rs` | the source of the settings; the crate `tpm` parses them |
//! | `error.rs` | one error type; reason numbers and their strings in one table |
//! | `fips.rs` | decides which instances have the property `fips=yes` |
//! | `jobs.rs` | operations in OpenSSL's asynchronous jobs |
//! | `key.rs` | the key object, in the TPM or in software |
//! | `private.rs` | the private half of a key in the TPM, in jobs or not; the crate `operations` does the rest |
//! | `tls_group.rs` | TLS groups, and how libssl's ephemeral keys are recognized |
//! | `op/` | the operations, as safe implementations of the traits of `ffi/op/` |
//! | `ffi/` | the only folder with unsafe code: C layouts, typed slots, the only return path to C, software through the private context |
//!
//! A new algorithm is a type that implements the trait of its operation, one row in `registry.rs`, one test
//! and one row in docs/support.md. It needs no change in `ffi/`.

#![deny(unsafe_code)]

mod config;
mod error;
#[allow(unsafe_code)]
mod ffi;
mod fips;
mod jobs;
mod key;
mod op;
mod private;
mod provider;
mod registry;
mod tls_group;
