//! What OpenSSL does not lend to its providers: RSA paddings and `DigestInfo`.
//!
//! OpenSSL keeps the code that pads RSA blocks to itself, so a provider whose keys live elsewhere needs its own.
//! This crate is that: bytes in, bytes out, no I/O, no randomness of its own, no knowledge of who calls it.
//!
//! | module | what | source |
//! |---|---|---|
//! | [`digest`] | the digests that OpenSSL names in PKCS#1, by any of their names | |
//! | [`digest_info`] | the bytes before a digest in a PKCS#1 v1.5 signature | RFC 8017 §9.2, note 1 |
//! | [`pkcs1`] | PKCS#1 v1.5 for signatures (block type 1) | RFC 8017 §9.2 |
//! | [`pkcs1::encryption`] | PKCS#1 v1.5 for encryption (block type 2), bad paddings an error | RFC 8017 §7.2 |
//! | [`pkcs1::rejection`] | its decoding with implicit rejection | draft-irtf-cfrg-rsa-guidance |
//! | [`pkcs1::tls`] | its decoding of TLS premaster secrets | RFC 5246 §7.4.7.1 |
//! | [`hasher`] | the hash functions that the caller hands in | |
//! | [`mgf1`] | the mask generation function | RFC 8017 §B.2.1 |
//! | [`pss`] | PSS with any salt, digest and MGF1 digest | RFC 8017 §9.1 |
//! | [`oaep`] | OAEP with any digest, MGF1 digest and label | RFC 8017 §7.1 |
//! | [`salt`] | what `digest`, `max`, `auto` and a number mean as a PSS salt length | |
//!
//! A *block* is always as long as the modulus, so it goes into the raw RSA operation as it is, and its value is
//! below the modulus.
//!
//! What a private key decrypts is secret, and so is whether its padding was right: the decoders say of themselves what
//! is constant-time, and `benches/timing.rs` measures it.
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
