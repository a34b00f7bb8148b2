//! A token: a folder of key files, or the sections of the configuration that belong together.

use std::path::Path;
use std::sync::Arc;

use keyfile::KeyFile;
use tpm::{Auth, Tpm};

use crate::certificate::Certificate;
use crate::contents::Contents;
use crate::error::Error;
use crate::key::TokenKey;

/// A token.
#[derive(Debug)]
pub struct Token {
    pub(crate) label: String,
    pub(crate) always_authenticate: bool,
}

impl Token {
    /// Returns the label.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Returns the serial number, of at most 16 characters: the one of the configuration; or that of the first key; or for a folder, that of its path.
    ///
    /// # Errors
    /// The first key cannot be read.
    pub fn serial(&self, _tpm: &Tpm) -> Result<String, Error> {
        Err(read_only(self))
    }

    /// Returns the folder; none for a token of sections.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        None
    }

    /// Returns true if keys can be added: the token is a folder that this process may write to, or can create.
    #[must_use]
    pub fn writable(&self) -> bool {
        self.folder().is_some()
    }

    /// Returns true if each private operation needs its own login (CKA_ALWAYS_AUTHENTICATE).
    #[must_use]
    pub fn always_authenticate(&self) -> bool {
        self.always_authenticate
    }

    /// Returns true if the token is present: it is a folder, which may be absent as long as it is empty, or the key files of its sections exist.
    #[must_use]
    pub fn is_present(&self) -> bool {
        true
    }

    /// Returns the keys and certificates. Files that have not changed are not read again, and keep their objects.
    ///
    /// Sends no command to the TPM, except to read the public area of a persistent key for which the configuration names no public key.
    ///
    /// # Errors
    /// The folder exists but cannot be read.
    pub fn contents(&self, _tpm: &Tpm) -> Result<Arc<Contents>, Error> {
        Err(read_only(self))
    }

    /// Writes a new key file with this label. Without `id` the identifier is computed from the public key.
    ///
    /// # Errors
    /// The token cannot be written, or the key is neither RSA nor EC.
    pub fn add_key(&self, _file: &KeyFile, _label: &str, _id: Option<&[u8]>) -> Result<Arc<TokenKey>, Error> {
        Err(read_only(self))
    }

    /// Writes a new file with this certificate.
    ///
    /// # Errors
    /// The token cannot be written, or the bytes are not a certificate.
    pub fn add_certificate(&self, _der: &[u8], _label: Option<&str>) -> Result<Arc<Certificate>, Error> {
        Err(read_only(self))
    }

    /// Changes the label of a key, in its file.
    ///
    /// # Errors
    /// The token cannot be written, or the key is no longer there.
    pub fn set_label(&self, _key: &TokenKey, _label: &str) -> Result<Arc<TokenKey>, Error> {
        Err(read_only(self))
    }

    /// Changes the identifier of a key, in its file.
    ///
    /// # Errors
    /// As [`Token::set_label`].
    pub fn set_id(&self, _key: &TokenKey, _id: &[u8]) -> Result<Arc<TokenKey>, Error> {
        Err(read_only(self))
    }

    /// Removes a key: renames its file NAME to NAME.removed.
    ///
    /// # Errors
    /// As [`Token::set_label`].
    pub fn remove_key(&self, _key: &TokenKey) -> Result<(), Error> {
        Err(read_only(self))
    }

    /// Removes a certificate: renames its file NAME to NAME.removed.
    ///
    /// # Errors
    /// As [`Token::set_label`]. The file also contains a key.
    pub fn remove_certificate(&self, _certificate: &Certificate) -> Result<(), Error> {
        Err(read_only(self))
    }

    /// Changes the password of every key whose password is `old`, and returns their number.
    ///
    /// # Errors
    /// The token cannot be written, or no key has the password `old`.
    pub fn change_password(&self, _tpm: &Tpm, _old: &Auth, _new: &Auth) -> Result<usize, Error> {
        Err(read_only(self))
    }
}

fn read_only(token: &Token) -> Error {
    Error::request(
        format!("the token {:?} cannot be changed: it is made of sections of the configuration", token.label),
        "use a token with a line `folder = PATH`",
    )
}
