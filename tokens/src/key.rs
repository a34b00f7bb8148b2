//! A private key of a token.

use std::fmt;
use std::path::{Path, PathBuf};

use keyfile::uri::Password;
use keyfile::{Handle, KeyFile, Public};
use tpm::{Auth, Key, Tpm};

use crate::error::Error;

/// An RSA or EC key in a key file or at a persistent handle.
pub struct TokenKey {
    pub(crate) number: u64,
    pub(crate) id: Vec<u8>,
    pub(crate) label: String,
    pub(crate) public: Public,
    pub(crate) spki: Vec<u8>,
    pub(crate) path: Option<PathBuf>,
    /// Which PEM block of the file it is, from 0: two may have the same public key.
    pub(crate) block: usize,
    pub(crate) place: Place,
    /// The password part of the URI in the configuration or in the reference.
    pub(crate) password: Password,
}

/// The place of the private half.
#[derive(Clone)]
pub(crate) enum Place {
    /// In a key file.
    File(Box<KeyFile>),
    /// At a persistent handle.
    Handle {
        handle: Handle,
        /// True if it is known to have no password.
        empty_auth: bool,
        /// True if the whole public area is known, not only the public key.
        exact: bool,
    },
}

impl TokenKey {
    /// Returns a number that no other key or certificate of this process has. It is kept while the file is unchanged, and if this crate
    /// changes it.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Returns the identifier.
    #[must_use]
    pub fn id(&self) -> &[u8] {
        &self.id
    }

    /// Returns the label.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Returns the public area.
    #[must_use]
    pub fn public(&self) -> &Public {
        &self.public
    }

    /// Returns the SubjectPublicKeyInfo in DER.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Returns the file; none for a handle of the configuration.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Returns the contents of the key file; none for a key at a handle.
    #[must_use]
    pub fn file(&self) -> Option<&KeyFile> {
        match &self.place {
            Place::File(file) => Some(file),
            Place::Handle { .. } => None,
        }
    }

    /// Returns the persistent handle; none for a key in a file.
    #[must_use]
    pub fn handle(&self) -> Option<Handle> {
        match &self.place {
            Place::File(_) => None,
            Place::Handle { handle, .. } => Some(*handle),
        }
    }

    /// Returns true if the user must give a password. A password in the URI of the key is used instead.
    #[must_use]
    pub fn needs_password(&self) -> bool {
        match (&self.password, &self.place) {
            (Password::Value(_) | Password::Source(_), _) => false,
            (Password::Asked, _) => true,
            (_, Place::File(file)) => file.needs_password(),
            (_, Place::Handle { empty_auth: true, .. }) | (Password::Unmarked, _) => false,
            (Password::Unspecified, _) => true,
        }
    }

    /// Opens the key. The TPM is used only at its first operation; [`Key::prove`] proves the password before.
    ///
    /// A password of the URI takes precedence over `auth`, which is used only if the key may need one. The parent's password comes from the settings.
    ///
    /// # Errors
    /// `PasswordMissing`: the key needs a password and none is given. The password file of the URI cannot be read.
    pub fn open(&self, tpm: &Tpm, auth: Option<Auth>) -> Result<Key, Error> {
        let auth = match &self.password {
            Password::Value(value) => Some(Auth::new(value.as_slice())),
            Password::Source(path) => Some(Auth::new(
                tpm::config::first_line(path).map_err(|error| Error::io("read", path, error))?,
            )),
            Password::Asked | Password::Unspecified | Password::Unmarked => {
                auth.filter(|_| self.may_need_password())
            }
        };
        match &self.place {
            Place::File(file) => Ok(Key::from_file(tpm, (**file).clone(), auth)?),
            Place::Handle { .. } if auth.is_none() && self.needs_password() => Err(tpm::Error::new(
                tpm::ErrorKind::PasswordMissing,
                format!("the key {self} has a password, and none was given"),
            )
            .advise("log in with the password of the key")
            .into()),
            Place::Handle { handle, exact: true, .. } => {
                Ok(Key::persistent_unverified(tpm, *handle, self.public.clone(), auth)?)
            }
            Place::Handle { handle, .. } => {
                let key = Key::persistent(tpm, *handle, auth)?;
                match key.public().key.has_numbers_of(&self.public.key) {
                    true => Ok(key),
                    false => Err(Error::request(
                        format!("the key at {handle} has another public key than the configuration"),
                        "correct the line `public key`, or the handle",
                    )),
                }
            }
        }
    }

    /// Returns true if this is the same key with the same label, identifier, and private half.
    pub(crate) fn is_unchanged(&self, old: &Self) -> bool {
        let is_in_place = match (&self.place, &old.place) {
            (Place::File(file), Place::File(old)) => {
                file.to_der().is_ok_and(|der| old.to_der().is_ok_and(|old| der == old))
            }
            (Place::Handle { handle, .. }, Place::Handle { handle: old, .. }) => handle == old,
            _ => false,
        };
        (&self.spki, &self.label, &self.id) == (&old.spki, &old.label, &old.id) && is_in_place
    }

    /// Returns true if a password may be used: some key files state wrongly that there is none, and a policy may ask for that of another entity.
    fn may_need_password(&self) -> bool {
        let perhaps = |file: &KeyFile| file.asks_for_password() || file.may_be_inverted();
        self.needs_password() || self.file().is_some_and(perhaps)
    }
}

impl fmt::Display for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.label)?;
        match &self.place {
            Place::File(_) => Ok(()),
            Place::Handle { handle, .. } => write!(f, " at {handle}"),
        }
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey")
            .field("number", &self.number)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}
