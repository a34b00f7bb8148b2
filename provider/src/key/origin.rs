//! Where a TPM key comes from, and the key in the TPM, made at its first private operation: what is wrong with the configuration
//! is said there, because libcrypto's store drops what is said while a key is loaded.

use std::sync::OnceLock;

use keyfile::KeyFile;
use tpm::Auth;

use crate::error::Result;
use crate::provider::Provider;

/// A key file with its password.
pub(super) struct Origin {
    file: KeyFile,
    auth: Option<Auth>,
    key: OnceLock<tpm::Key>,
}

impl Origin {
    pub(super) fn new(file: KeyFile, auth: Option<Auth>) -> Origin {
        Origin { file, auth, key: OnceLock::new() }
    }

    pub(super) fn file(&self) -> &KeyFile {
        &self.file
    }

    /// The key in the TPM, which hears of it at the first command.
    pub(super) fn key(&self, provider: &Provider) -> Result<&tpm::Key> {
        if let Some(key) = self.key.get() {
            return Ok(key);
        }
        let key = tpm::Key::from_file(provider.tpm()?, self.file.clone(), self.auth.clone())?;
        Ok(self.key.get_or_init(|| key))
    }
}
