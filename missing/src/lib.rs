//! RSA paddings and `DigestInfo`, which OpenSSL does not export to its providers.
//!
//! OpenSSL does not export the code that pads RSA blocks, so a provider whose keys are outside OpenSSL needs its own. This crate contains
//! it: bytes in, bytes out, no I/O, no random source of its own, no dependency on the caller.
//!
//! | module | what | source |
//! |---|---|---|
//! | [`digest`] | the digests that OpenSSL uses in PKCS#1, by any of their names | |
//! | [`digest_info`] | the bytes before a digest in a PKCS#1 v1.5 signature | RFC 8017 §9.2, note 1 |
//! | [`pkcs1`] | PKCS#1 v1.5 for signatures (block type 1) | RFC 8017 §9.2 |
//! | [`pkcs1::encryption`] | PKCS#1 v1.5 for encryption (block type 2); a bad padding is an error | RFC 8017 §7.2 |
//! | [`pkcs1::rejection`] | the same, decoded with implicit rejection | draft-irtf-cfrg-rsa-guidance |
//! | [`pkcs1::tls`] | the same, decoding TLS premaster secrets | RFC 5246 §7.4.7.1 |
//! | [`hasher`] | the hash functions that the caller passes in | |
//! | [`mgf1`] | the mask generation function | RFC 8017 §B.2.1 |
//! | [`pss`] | PSS with any salt, digest and MGF1 digest | RFC 8017 §9.1 |
//! | [`oaep`] | OAEP with any digest, MGF1 digest and label | RFC 8017 §7.1 |
//! | [`salt`] | PSS salt lengths: `digest`, `max`, `auto` or a number | |
//!
//! A *block* is always as long as the modulus and its value is below the modulus, so it is passed to the raw RSA operation unchanged.
//!
//! The output of a private-key decryption is secret, and so is whether its padding was right. The documentation of each decoder states what
//! is constant-time, and `benches/timing` measures it.
#![forbid(unsafe_code)]

mod ct;
pub mod digest;
pub mod digest_info;
pub mod error;
pub mod hasher;
mod message;
pub mod mgf1;
pub mod oaep;
pub mod pkcs1;
pub mod pss;
pub mod salt;

pub use digest::Digest;
pub use error::Error;
pub use hasher::{Hasher, RustCrypto};
pub use message::Message;
pub use oaep::Oaep;
pub use salt::SaltLength;
