//! Where a TPM key comes from, and the key in the TPM, made when its password is proven or by the first private operation: a key opens
//! without a TPM, and its public half works.

use std::path::PathBuf;
use std::sync::OnceLock;

use keyfile::{Handle, KeyFile, KeyReference};
use tpm::{Auth, ErrorKind, Proof};

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
}

impl Origin {
    pub(super) fn new(source: Source, auth: KeyAuth) -> Origin {
        Origin { source, auth, key: OnceLock::new() }
    }

    /// The same of a key that the TPM knows already.
    pub(super) fn in_use(source: Source, auth: KeyAuth, key: tpm::Key) -> Origin {
        Origin { source, auth, key: OnceLock::from(key) }
    }

    /// Proves the password that was given, so that who opens the key hears at once that it is wrong. Whatever else is wrong is said by
    /// the first private operation: until then the public half is of use.
    ///
    /// # Errors
    /// `Authorization`, `ParentAuthorization`: the password, or the parent's, is wrong.
    pub(super) fn open(&self, provider: &Provider) -> Result<()> {
        // Children that are forked from now on share what becomes known of the password.
        let Ok(tpm) = provider.tpm() else { return Ok(()) };
        // The empty one is a guess, for many a file does not say that the key has no password.
        let given = matches!(&self.auth, KeyAuth::Known(Some(auth)) if !(auth.is_empty() && self.source.has_no_password()));
        if !given || tpm.config().proof == Proof::Use {
            return Ok(());
        }
        match self.key(provider)?.prove() {
            Err(error) if is_about_a_password(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The key in the TPM, which hears of it at the first command.
    pub(super) fn key(&self, provider: &Provider) -> Result<&tpm::Key> {
        if let Some(key) = self.key.get() {
            return Ok(key);
        }
        let tpm = provider.tpm()?;
        let auth = match &self.auth {
            KeyAuth::Known(auth) => auth.clone(),
            KeyAuth::Unread(path) => Some(config::password_in(path)?),
        };
        let key = match &self.source {
            Source::File(file) => tpm::Key::from_file(tpm, (**file).clone(), auth)?,
            Source::Place(place) => {
                let public = place.reference.public.clone();
                tpm::Key::persistent_unverified(tpm, place.handle, public, auth)?
            }
        };
        Ok(self.key.get_or_init(|| key))
    }
}

impl Source {
    /// Whether the file says so.
    fn has_no_password(&self) -> bool {
        match self {
            Self::File(file) => file.empty_auth,
            Self::Place(place) => place.reference.empty_auth,
        }
    }
}

fn is_about_a_password(error: &tpm::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Authorization
            | ErrorKind::PasswordMissing
            | ErrorKind::ParentAuthorization
            | ErrorKind::ParentPasswordMissing
    )
}
