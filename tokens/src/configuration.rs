//! The configuration: the settings of the TPM and the tokens.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyfile::Handle;
use tpm::{Config, Tpm};

use crate::error::Error;
use crate::token::Token;

/// The manufacturer if the configuration names none.
pub const DEFAULT_MANUFACTURER: &str = "TPM2 key files";

/// The label of the only token without a configuration file.
pub const DEFAULT_LABEL: &str = "TPM keys";

/// The settings of the TPM and the tokens.
pub struct Configuration {
    path: Option<PathBuf>,
    manufacturer: String,
    description: Option<String>,
    parent: Option<Handle>,
    config: Config,
    tokens: Vec<Arc<Token>>,
}

impl Configuration {
    /// Reads the configuration of this process: the file that TPM2_PKCS11_CONF or OPENSSL_PKCS11_CONF names, the user's, or the system's. Without any
    /// of them there is one token: the folder `tpm2-keys` of the user's data. A set-user-ID program ignores the environment.
    ///
    /// # Errors
    /// A variable names a missing file, or the file is wrong.
    pub fn load() -> Result<Self, Error> {
        Err(Error::request("there is no configuration", "write one"))
    }

    /// Reads this file.
    ///
    /// # Errors
    /// The file cannot be read, or a line is wrong.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Err(Error::file(path, "it is no configuration", "write one"))
    }

    /// Returns the file; none if there is none.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Returns the manufacturer, of at most 32 bytes.
    #[must_use]
    pub fn manufacturer(&self) -> &str {
        &self.manufacturer
    }

    /// Returns the description of the library, of at most 32 bytes, if one is given.
    #[must_use]
    pub fn library_description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Returns the parent of new keys, if one is given.
    #[must_use]
    pub fn parent(&self) -> Option<Handle> {
        self.parent
    }

    /// Returns a TPM with the settings of the file and the environment. Sends nothing to it yet.
    #[must_use]
    pub fn tpm(&self) -> Tpm {
        Tpm::new(self.config.clone())
    }

    /// Returns the tokens, in the order of the file.
    #[must_use]
    pub fn tokens(&self) -> &[Arc<Token>] {
        &self.tokens
    }
}
