//! One connection to a TPM 2.0: protected sessions, object places, loaded keys.

#![deny(unsafe_code)]

pub mod crypto;
pub mod location;
pub mod rc;
pub mod template;

pub use crypto::wrap::{Duplicate, wrap};
