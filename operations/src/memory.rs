//! What the operations remember of a key. All copies of a key in a process share one memory.

use std::sync::OnceLock;

use missing::pkcs1::rejection::Secret;
use tpm::RawRsa;

use crate::{Result, TpmSalt};

/// The memory of a key.
#[derive(Default)]
pub struct Memory {
    /// The secrets from which synthetic messages are derived, with raw RSA and without.
    by_raw_rsa: OnceLock<Secret>,
    by_signature: OnceLock<Secret>,
    /// The salt length of the TPM's PSS signatures.
    salt: OnceLock<TpmSalt>,
}

impl Memory {
    /// Returns the secret from which synthetic messages of PKCS#1 v1.5 decryption are derived. It is created once.
    pub(crate) fn rejection_secret(
        &self,
        raw_rsa: RawRsa,
        make: impl FnOnce() -> Result<Secret>,
    ) -> Result<&Secret> {
        match raw_rsa {
            RawRsa::Allowed => get_or_try(&self.by_raw_rsa, make),
            RawRsa::Forbidden => get_or_try(&self.by_signature, make),
        }
    }

    /// Returns the salt length of the TPM's PSS signatures. It is determined once.
    pub(crate) fn salt(&self, determine: impl FnOnce() -> Result<TpmSalt>) -> Result<TpmSalt> {
        get_or_try(&self.salt, determine).copied()
    }

    /// Returns the salt length if it is known.
    #[cfg(test)]
    pub(crate) fn known_salt(&self) -> Option<TpmSalt> {
        self.salt.get().copied()
    }
}

fn get_or_try<T>(cell: &OnceLock<T>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    match cell.get() {
        Some(value) => Ok(value),
        None => {
            let value = make()?;
            Ok(cell.get_or_init(|| value))
        }
    }
}
