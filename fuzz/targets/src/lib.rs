//! What is fuzzed: a function of bytes for each kind of input from outside, its seeds, and a mutator.
//!
//! | module | what the bytes are |
//! |---|---|
//! | `key_file` | a key file, a chain of PEM blocks, the statements and structures within |
//! | `uri` | the URI of a key |
//! | `reference` | a reference file, or a serialized object of tpm2-tss |
//! | `answers` | which operation is done, and what the TPM answers to its commands |
//! | `parameters` | lists of OSSL_PARAM for the module's contexts and keys |
//! | `decode` | a file that libcrypto reads with the module loaded |
//!
//! A fault is a panic. `tests/smoke.rs` runs each target on its seeds and on mutants of them; `make fuzz` gives both to libFuzzer.

#![deny(unsafe_code)]
// A panic is how a target reports what it found.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

pub mod answers;
pub mod decode;
#[allow(unsafe_code)]
mod ffi;
pub mod key_file;
pub mod mutator;
pub mod parameters;
pub mod reference;
pub mod uri;

/// One kind of input.
pub struct Target {
    /// As `make fuzz TARGETS=` knows it.
    pub name: &'static str,
    /// Uses bytes as such an input.
    pub run: fn(&[u8]),
    /// Sound inputs.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target.
pub const ALL: &[Target] = &[
    Target { name: "key_file", run: key_file::run, seeds: key_file::seeds },
    Target { name: "uri", run: uri::run, seeds: uri::seeds },
    Target { name: "reference", run: reference::run, seeds: reference::seeds },
    Target { name: "answers", run: answers::run, seeds: answers::seeds },
    Target { name: "parameters", run: parameters::run, seeds: parameters::seeds },
    Target { name: "decode", run: decode::run, seeds: decode::seeds },
];
