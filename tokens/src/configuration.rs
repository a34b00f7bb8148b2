//! The configuration: the settings of the TPM and the tokens.
//!
//! | file | what |
//! |---|---|
//! | `place` | finds the file, without believing the environment of a set-user-ID program |
//! | `ini` | the syntax: sections and lines |
//! | `global` | the lines before the first section |
//! | `section`, `tokens` | the lines of a section, and the tokens that the sections make up |

mod global;
mod ini;
mod place;
mod section;
mod tokens;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyfile::{Handle, KeyFile};
use tpm::{Config, Tpm};

use crate::error::Error;
use crate::token::Token;
use global::{Global, Names};
use place::{Place, Variables};

/// The manufacturer if the configuration names none.
pub const DEFAULT_MANUFACTURER: &str = "TPM2 key files";

/// The label of the only token without a configuration file.
pub const DEFAULT_LABEL: &str = "TPM keys";

/// The settings of the TPM and the tokens.
pub struct Configuration {
    path: Option<PathBuf>,
    names: Names,
    parent: Option<Handle>,
    config: Config,
    tokens: Vec<Arc<Token>>,
    holds_password: bool,
}

impl Configuration {
    /// Reads the configuration of this process: the file that TPM2_PKCS11_CONF or OPENSSL_PKCS11_CONF names, the user's, or the system's.
    /// Without any of them there is one token: the folder `tpm2-keys` of the user's data. A set-user-ID program ignores the environment.
    ///
    /// # Errors
    /// A variable names a missing file, or the file is wrong.
    pub fn load() -> Result<Self, Error> {
        Self::found(&Variables::of_process())
    }

    /// Reads this file.
    ///
    /// # Errors
    /// The file cannot be read, or a line is wrong.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::of_file(path, &Variables::of_process())
    }

    /// Reads these bytes as the contents of a file at this absolute path.
    ///
    /// # Errors
    /// A line is wrong.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        Self::of_bytes(path.to_owned(), bytes, &Variables::of_process())
    }

    /// Returns true if the bytes look like such a file: the first line that is no comment begins a section or sets a value, and no line is
    /// one of openssl.cnf.
    #[must_use]
    pub fn is_like(bytes: &[u8]) -> bool {
        ini::is_like(bytes)
    }

    fn found(variables: &Variables) -> Result<Self, Error> {
        match place::find(variables)? {
            Place::File(path) => Self::of_file(&path, variables),
            Place::Folder(path) => {
                let global = Global::default();
                let token = Token::of_folder(DEFAULT_LABEL.to_owned(), path, None);
                Self::new(None, global, variables, |_| Ok(vec![Arc::new(token)]))
            }
            Place::Nothing => Self::new(None, Global::default(), variables, |_| Ok(Vec::new())),
        }
    }

    fn of_file(path: &Path, variables: &Variables) -> Result<Self, Error> {
        // Absolute, because a program may change its folder before it reads a key file.
        let path = std::path::absolute(path).map_err(|source| Error::io("read", path, source))?;
        let read = tpm::input::read_regular(&path, KeyFile::MAX_SIZE);
        let bytes = read.map_err(|source| Error::io("read the configuration", &path, source))?;
        Self::of_bytes(path, &bytes, variables)
    }

    fn of_bytes(path: PathBuf, bytes: &[u8], variables: &Variables) -> Result<Self, Error> {
        let (lines, sections) = ini::parse(&path, bytes)?;
        let global = Global::read(&path, lines)?;
        let holds_password = global.holds_password() || sections.iter().any(section::holds_password);
        let tokens = |prefix: Option<&str>| tokens::of(&path, &sections, prefix);
        Ok(Self { holds_password, ..Self::new(Some(path.clone()), global, variables, tokens)? })
    }

    fn new(
        path: Option<PathBuf>,
        global: Global,
        variables: &Variables,
        tokens: impl FnOnce(Option<&str>) -> Result<Vec<Arc<Token>>, Error>,
    ) -> Result<Self, Error> {
        let lookup = global.lookup(variables);
        let config = Config::read(&lookup)?;
        let parent = tpm::config::parent(&lookup)?;
        let tokens = tokens(tpm::config::nv_prefix(&lookup)?.as_deref())?;
        Ok(Self { path, names: global.names, parent, config, tokens, holds_password: false })
    }

    /// Returns the file; none if there is none.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Returns true if the file contains a password: `pin`, or a URI with `pin-value`.
    #[must_use]
    pub fn holds_password(&self) -> bool {
        self.holds_password
    }

    /// Returns the manufacturer, of at most 32 bytes.
    #[must_use]
    pub fn manufacturer(&self) -> &str {
        self.names.manufacturer.as_deref().unwrap_or(DEFAULT_MANUFACTURER)
    }

    /// Returns the description of the library, of at most 32 bytes, if one is given.
    #[must_use]
    pub fn library_description(&self) -> Option<&str> {
        self.names.description.as_deref()
    }

    /// Returns the parent of new keys, if one is given.
    #[must_use]
    pub fn parent(&self) -> Option<Handle> {
        self.parent
    }

    /// Returns the settings of the TPM, from the file and the environment.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns a TPM with these settings. Sends nothing to it yet.
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

#[cfg(test)]
mod tests;
