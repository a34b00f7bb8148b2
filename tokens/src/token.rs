//! A token: a folder of key files, or the sections of the configuration that belong together.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyfile::KeyFile;
use sha2::{Digest, Sha256};
use tpm::{Auth, Tpm};

use crate::certificate::Certificate;
use crate::contents::Contents;
use crate::error::Error;
use crate::folder::Folder;
use crate::key::TokenKey;
use crate::notes::{hex_of, on_one_line};
use crate::sections::{Section, Sections};

/// A token.
#[derive(Debug)]
pub struct Token {
    label: String,
    serial: Option<String>,
    always_authenticate: bool,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Folder(Folder),
    Sections(Sections),
}

impl Token {
    /// Returns the token of a folder. `prefix` is the prefix of URIs of persistent keys.
    pub(crate) fn of_folder(label: String, path: PathBuf, prefix: Option<String>) -> Self {
        let source = Source::Folder(Folder::new(path, prefix));
        Self { label, serial: None, always_authenticate: false, source }
    }

    /// Returns the token of these sections.
    pub(crate) fn of_sections(label: String, sections: Vec<Section>) -> Self {
        let source = Source::Sections(Sections::new(sections));
        Self { label, serial: None, always_authenticate: false, source }
    }

    pub(crate) fn with(self, serial: Option<String>, always_authenticate: bool) -> Self {
        Self { serial, always_authenticate, ..self }
    }

    /// Returns the label, of at most 32 bytes.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Returns the serial number, of at most 16 characters: the one of the configuration; or else the beginning of SHA-256 of the public
    /// key of the first key (its SubjectPublicKeyInfo); or for a folder, of its path.
    ///
    /// # Errors
    /// The token has no key that can be read.
    pub fn serial(&self, tpm: &Tpm) -> Result<String, Error> {
        if let Some(serial) = &self.serial {
            return Ok(serial.clone());
        }
        match &self.source {
            Source::Folder(folder) => Ok(serial_of(folder.path().as_os_str().as_bytes())),
            Source::Sections(sections) => {
                let contents = sections.contents(tpm);
                contents.keys.first().map(|key| serial_of(key.spki())).ok_or_else(|| {
                    let problem = format!("the token {:?} has no key that can be read", self.label);
                    Error::request(problem, "`tpm2-keytool token` shows the reason")
                })
            }
        }
    }

    /// Returns the folder; none for a token of sections.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match &self.source {
            Source::Folder(folder) => Some(folder.path()),
            Source::Sections(_) => None,
        }
    }

    /// Returns true if keys can be added: the token is a folder that this process may write to, or can create.
    #[must_use]
    pub fn writable(&self) -> bool {
        matches!(&self.source, Source::Folder(folder) if folder.is_writable())
    }

    /// Returns true if each private operation needs its own login (CKA_ALWAYS_AUTHENTICATE).
    #[must_use]
    pub fn always_authenticate(&self) -> bool {
        self.always_authenticate
    }

    /// Returns true if the token is present: it is a folder, which may be absent as long as it is empty, or a key file of its sections
    /// exists.
    #[must_use]
    pub fn is_present(&self) -> bool {
        match &self.source {
            Source::Folder(_) => true,
            Source::Sections(sections) => sections.is_present(),
        }
    }

    /// Returns the keys and certificates. Files that have not changed are not read again, and keep their objects.
    ///
    /// Sends no command to the TPM, except to read the public area of a persistent key for which the configuration names no public key.
    ///
    /// # Errors
    /// The folder exists but cannot be read.
    pub fn contents(&self, tpm: &Tpm) -> Result<Arc<Contents>, Error> {
        match &self.source {
            Source::Folder(folder) => folder.contents(),
            Source::Sections(sections) => Ok(sections.contents(tpm)),
        }
    }

    /// Writes a new key file with this label. Without `id` the identifier is computed from the public key.
    ///
    /// # Errors
    /// The token cannot be written, or the key is neither RSA nor EC.
    pub fn add_key(&self, file: &KeyFile, label: &str, id: Option<&[u8]>) -> Result<Arc<TokenKey>, Error> {
        self.written()?.add_key(file, label, id)
    }

    /// Writes a new file with this certificate. Without `label` the certificate has that of its key.
    ///
    /// # Errors
    /// The token cannot be written, or the bytes are not a certificate.
    pub fn add_certificate(&self, der: &[u8], label: Option<&str>) -> Result<Arc<Certificate>, Error> {
        self.written()?.add_certificate(der, label)
    }

    /// Changes the label of a key, in its file. The key keeps its number.
    ///
    /// # Errors
    /// The token cannot be written, or the file has changed.
    pub fn set_label(&self, key: &TokenKey, label: &str) -> Result<Arc<TokenKey>, Error> {
        self.written()?.change_notes(key, |notes| notes.label = Some(on_one_line(label)))
    }

    /// Changes the identifier of a key, in its file. The key keeps its number. An empty identifier means the computed one.
    ///
    /// # Errors
    /// As [`Token::set_label`].
    pub fn set_id(&self, key: &TokenKey, id: &[u8]) -> Result<Arc<TokenKey>, Error> {
        self.written()?.change_notes(key, |notes| notes.id = Some(id.to_vec()).filter(|id| !id.is_empty()))
    }

    /// Removes a key: renames its file NAME to NAME.removed, or keeps a copy of this name if the file contains other objects, too.
    ///
    /// # Errors
    /// As [`Token::set_label`].
    pub fn remove_key(&self, key: &TokenKey) -> Result<(), Error> {
        self.written()?.remove_key(key)
    }

    /// Removes a certificate in the same way.
    ///
    /// # Errors
    /// As [`Token::set_label`].
    pub fn remove_certificate(&self, certificate: &Certificate) -> Result<(), Error> {
        self.written()?.remove_certificate(certificate)
    }

    /// Changes the password of every key whose password is `old`, and returns their number; see the files of the folder for how a failure
    /// in the middle is handled: all keys change, or none; and the same change again completes one that was killed. The keys keep their
    /// numbers. A key that is open keeps working.
    ///
    /// An empty `old` means the keys without a password. Keys with another password, and keys at persistent handles, are not changed.
    ///
    /// # Errors
    /// The token cannot be written, or no key has the password `old`. A wrong password counts once towards the lockout of the TPM.
    pub fn change_password(&self, tpm: &Tpm, old: &Auth, new: &Auth) -> Result<usize, Error> {
        self.written()?.change_password(tpm, old, new)
    }

    /// Returns the hidden files that a killed change of the password has left. They work with the former password. The same change again
    /// removes them.
    #[must_use]
    pub fn former_files(&self) -> Vec<PathBuf> {
        match &self.source {
            Source::Folder(folder) => folder.former_files(),
            Source::Sections(_) => Vec::new(),
        }
    }

    /// Returns the folder to write to.
    fn written(&self) -> Result<&Folder, Error> {
        match &self.source {
            Source::Folder(folder) => Ok(folder),
            Source::Sections(_) => Err(Error::request(
                format!(
                    "the token {:?} cannot be changed: its keys are sections of the configuration",
                    self.label
                ),
                "use a token with a line `folder = PATH`",
            )),
        }
    }
}

/// Returns the first 16 hexadecimal digits of SHA-256.
fn serial_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).get(..8).map(hex_of).unwrap_or_default()
}
