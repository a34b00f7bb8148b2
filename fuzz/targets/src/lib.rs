//! The fuzz targets: for each kind of external input, a function of bytes and its seeds; and a mutator.
//!
//! | module | meaning of the bytes |
//! |---|---|
//! | `key_file` | a key file, a chain of PEM blocks, the statements and structures in them |
//! | `uri` | the URI of a key |
//! | `reference` | a reference file, or a serialized object of tpm2-tss |
//! | `answers` | the operations, and the TPM's answers to their commands |
//! | `parameters` | lists of OSSL_PARAM for the module's contexts and keys |
//! | `decode` | a file that libcrypto reads with the module loaded |
//! | `tokens` | the configuration of the PKCS#11 module, or a file in the folder of a token |
//! | `attestation` | evidence for a key in each format, a certificate, a credential |
//!
//! A panic is a fault. `tests/smoke.rs` runs each target on its seeds and on mutants of them; `make fuzz` passes both to libFuzzer.

#![deny(unsafe_code)]
// A target reports a fault by a panic.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

pub mod answers;
pub mod attestation;
pub mod decode;
#[allow(unsafe_code)]
mod ffi;
pub mod key_file;
pub mod mutator;
pub mod parameters;
pub mod reference;
pub mod tokens;
pub mod uri;

/// A target.
pub struct Target {
    /// The name, as in `make fuzz TARGETS=`.
    pub name: &'static str,
    /// Uses the bytes as input.
    pub run: fn(&[u8]),
    /// Returns valid inputs.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const ALL: &[Target] = &[
    Target { name: "key_file", run: key_file::run, seeds: key_file::seeds },
    Target { name: "uri", run: uri::run, seeds: uri::seeds },
    Target { name: "reference", run: reference::run, seeds: reference::seeds },
    Target { name: "answers", run: answers::run, seeds: answers::seeds },
    Target { name: "parameters", run: parameters::run, seeds: parameters::seeds },
    Target { name: "decode", run: decode::run, seeds: decode::seeds },
    Target { name: "tokens", run: tokens::run, seeds: tokens::seeds },
    Target { name: "attestation", run: attestation::run, seeds: attestation::seeds },
];
