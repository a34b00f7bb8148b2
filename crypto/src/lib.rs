//! The cryptography of TPM 2.0 Library Part 1 in software. It is written in Rust, because a TPM stack that called OpenSSL for it would
//! make the provider call itself.
//!
//! Pure: no TPM, no I/O except for random bytes, no unsafe code.
//!
//! | module | what | Part 1 |
//! |---|---|---|
//! | `kdfa` | derives keys from a key: KDF in counter mode with HMAC | §11.4.10.2 |
//! | `kdfe` | derives keys from an ECDH secret | §11.4.10.3 |
//! | `hmac` | command and response HMACs, session keys | §18.7, §19.6 |
//! | `cfb` | AES-CFB | §11.4.3 |
//! | `parameter` | parameter encryption | §21 |
//! | `salt` | secrets that only the holder of a TPM key can read: OAEP or ECDH | Annexes B.10, C.6 |
//! | `wrap` | wraps objects for a parent: the duplication scheme | §22, §23.3 |
//! | `credential` | secrets for a TPM that holds two certain keys | §24 |
//! | `endorsement` | the templates of the keys to which credentials are made | – |
//! | `random` | random bytes of the operating system | – |

#![forbid(unsafe_code)]

pub mod cfb;
pub mod credential;
mod ecdh;
pub mod endorsement;
mod error;
pub mod hmac;
pub mod kdfa;
pub mod kdfe;
mod oaep;
pub mod parameter;
pub mod random;
pub mod salt;
#[cfg(test)]
mod vectors;
pub mod wrap;

pub use error::CryptoError;
