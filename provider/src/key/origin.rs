//! The source of a TPM key, and the `tpm::Key` that performs its operations. That one is created when the password
//! is verified or by the first private operation: a key opens without a TPM, and its public half works.

use std::path::PathBuf;
use std::sync::OnceLock;

use keyfile::{Handle, KeyFile, KeyReference};
use tpm::{Auth, ErrorKind, Proof};

use crate::config;
use crate::error::Result;
use crate::provider::Provider;

/// A TPM key's source, its password, and the key in the TPM.
pub(super) struct Origin {
    pub(super) source: Source,
    auth: KeyAuth,
    key: OnceLock<tpm::Key>,
}

/// The password of a key, as far as it was available when the key was loaded.
pub(crate) enum KeyAuth {
    /// The password, if there is one.
    Known(Option<Auth>),
    /// The password file could not be read: a program that needs only the public half may lack permission.
    /// The first private operation tries again.
    Unread(PathBuf),
}

/// The source of a key.
pub(super) enum Source {
    /// A key file.
    File(Box<KeyFile>),
    /// A key at a handle of the TPM.
    AtHandle(Box<AtHandle>),
}

/// A key at a handle of the TPM: a persistent key, or a transient object.
pub(crate) struct AtHandle {
    /// The handle.
    pub(crate) handle: Handle,
    /// The reference file that names the handle.
    pub(crate) reference: KeyReference,
}

impl Origin {
    pub(super) fn new(source: Source, auth: KeyAuth) -> Origin {
        Origin { source, auth, key: OnceLock::new() }
    }

    /// Creates the origin of a key that the TPM already knows.
    pub(super) fn in_use(source: Source, auth: KeyAuth, key: tpm::Key) -> Origin {
        Origin { source, auth, key: OnceLock::from(key) }
    }

    /// Verifies a password that was given, so that a wrong one fails when the key is opened. Other problems
    /// are reported by the first private operation: until then the public half is usable.
    ///
    /// # Errors
    /// `Authorization`, `ParentAuthorization`: the password of the key or of its parent is wrong.
    pub(super) fn open(&self, provider: &Provider) -> Result<()> {
        // Children forked from now on share what is learned about the password.
        let Ok(tpm) = provider.tpm() else { return Ok(()) };
        // An empty password is only a guess: many files do not record that the key has none.
        let given = matches!(&self.auth, KeyAuth::Known(Some(auth)) if !(auth.is_empty() && self.source.has_no_password()));
        if !given || tpm.config().proof == Proof::Use {
            return Ok(());
        }
        match self.key(provider)?.prove() {
            Err(error) if is_about_a_password(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Returns the key in the TPM. The TPM gets no command yet.
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
            Source::AtHandle(at_handle) => {
                let public = at_handle.reference.public.clone();
                tpm::Key::persistent_unverified(tpm, at_handle.handle, public, auth)?
            }
        };
        Ok(self.key.get_or_init(|| key))
    }
}

impl Source {
    /// Returns true if the file records that the key has no password.
    fn has_no_password(&self) -> bool {
        match self {
            Self::File(file) => file.empty_auth,
            Self::AtHandle(at_handle) => at_handle.reference.empty_auth,
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
