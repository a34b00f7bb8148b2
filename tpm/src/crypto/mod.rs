//! Session cryptography of TPM 2.0 Library Part 1, in Rust: a provider whose TPM stack called OpenSSL would call itself.
//!
//! | file | what | Part 1 |
//! |---|---|---|
//! | `kdfa` | keys from a key: KDF in counter mode on HMAC | §11.4.10.2 |
//! | `kdfe` | keys from an ECDH secret | §11.4.10.3 |
//! | `hmac` | command and response HMACs, session keys | §18.7, §19.6 |
//! | `cfb` | AES-CFB | §11.4.3 |
//! | `parameter` | parameter encryption | §21 |
//! | `salt` | a secret only the holder of a TPM key can read: OAEP or ECDH | Annexes B.10, C.6 |
//! | `wrap` | an object for a parent: the duplication scheme | §22, §23.3 |
//! | `sealed` | the same for data | §23.3 |
//! | `credential` | a secret for whoever has two keys in one TPM | §24 |
//! | `random` | bytes of the operating system | – |
//!
//! Nothing here sends a command.

pub mod cfb;
pub mod credential;
mod ecdh;
mod error;
pub mod hmac;
pub mod kdfa;
pub mod kdfe;
mod oaep;
pub mod parameter;
pub mod random;
#[cfg(test)]
mod real;
pub mod salt;
pub mod sealed;
#[cfg(test)]
mod vectors;
pub mod wrap;

pub use error::CryptoError;
