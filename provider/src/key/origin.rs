//! Where a TPM key comes from, and the key in the TPM, made at its first private operation: what is wrong with the configuration
//! is said there, because libcrypto's store drops what is said while a key is loaded.

use std::path::PathBuf;
use std::sync::OnceLock;

use keyfile::{Handle, KeyFile, KeyReference};
use tpm::Auth;

use crate::config;
use crate::error::Result;
use crate::provider::Provider;

/// A key with its password.
pub(super) struct Origin {
    pub(super) source: Source,
    auth: KeyAuth,
    key: OnceLock<tpm::Key>,
}

/// The password of a key, as far as it was to be had when the key was loaded.
pub(crate) enum KeyAuth {
    /// What it is, if there is one.
    Known(Option<Auth>),
    /// The file that holds it could not be read: whoever needs the public half only may have no right to. It is tried again at
    /// the first private operation.
    Unread(PathBuf),
}

/// What leads to a key.
pub(super) enum Source {
    /// Its file.
    File(Box<KeyFile>),
    /// Its place in the TPM.
    Place(Box<Place>),
}

/// A persistent key.
pub(crate) struct Place {
    /// Where it is.
    pub(crate) handle: Handle,
    /// The reference file that leads there.
    pub(crate) reference: KeyReference,
    /// Whether the TPM was asked just now what is there; otherwise it is asked before the key is used.
    pub(crate) seen: bool,
}

impl Origin {
    pub(super) fn new(source: Source, auth: KeyAuth) -> Origin {
        Origin { source, auth, key: OnceLock::new() }
    }

    /// The same of a key that the TPM knows already.
    pub(super) fn in_use(source: Source, auth: KeyAuth, key: tpm::Key) -> Origin {
        Origin { source, auth, key: OnceLock::from(key) }
    }

    /// The key in the TPM, which hears of it at the first command.
    pub(super) fn key(&self, provider: &Provider) -> Result<&tpm::Key> {
        if let Some(key) = self.key.get() {
            return Ok(key);
        }
        let tpm = provider.tpm()?;
        let auth = match &self.auth {
            KeyAuth::Known(auth) => auth.clone(),
            KeyAuth::Unread(path) => Some(config::stored_password(path)?),
        };
        let key = match &self.source {
            Source::File(file) => tpm::Key::from_file(tpm, (**file).clone(), auth)?,
            Source::Place(place) => {
                let public = place.reference.public.clone();
                match place.seen {
                    true => tpm::Key::at(tpm, place.handle, public, auth)?,
                    false => tpm::Key::expected(tpm, place.handle, public, auth)?,
                }
            }
        };
        Ok(self.key.get_or_init(|| key))
    }
}
