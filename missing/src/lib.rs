//! What OpenSSL does not lend to its providers: RSA paddings and `DigestInfo`.
//!
//! OpenSSL keeps the code that pads RSA blocks to itself, so a provider whose keys live elsewhere needs its own.
//! This crate is that: octets in, octets out, no I/O, no randomness of its own, no knowledge of who calls it.
//!
//! | module | what | source |
//! |---|---|---|
//! | [`digest`] | the digests that OpenSSL names in PKCS#1, by any of their names | |
//! | [`digest_info`] | the octets before a digest in a PKCS#1 v1.5 signature | RFC 8017 §9.2, note 1 |
//! | [`pkcs1`] | PKCS#1 v1.5 for signatures (block type 1) | RFC 8017 §9.2 |
//! | [`hasher`] | the hash functions that the caller hands in | |
//! | [`mgf1`] | the mask generation function | RFC 8017 §B.2.1 |
//! | [`pss`] | PSS with any salt, digest and MGF1 digest | RFC 8017 §9.1 |
//! | [`salt`] | what `digest`, `max`, `auto` and a number mean as a PSS salt length | |
//!
//! A *block* is always as long as the modulus, so it goes into the raw RSA operation as it is, and its value is
//! below the modulus.
#![forbid(unsafe_code)]

pub mod digest;
pub mod digest_info;
pub mod error;
pub mod hasher;
pub mod mgf1;
pub mod pkcs1;
pub mod pss;
pub mod salt;

pub use digest::Digest;
pub use error::Error;
pub use hasher::{Hasher, RustCrypto};
pub use salt::SaltLength;
