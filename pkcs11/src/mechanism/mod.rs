//! Mechanisms: what this module offers, and what a program asks for with its parameters.
//!
//! | file | what |
//! |---|---|
//! | `table` | THE table: every mechanism, its key type and its functions |
//! | `hash` | the hash functions in mechanisms |
//! | `parse` | parameters of mechanisms |

mod hash;
mod parse;
pub(crate) mod table;

pub(crate) use hash::{Hash, Hashing};
pub(crate) use parse::{Decrypt, Derive, Kdf, Scheme, Sign, decryption, derivation, signature};
