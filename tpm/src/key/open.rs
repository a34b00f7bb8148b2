//! Opens keys from files and at persistent handles.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keyfile::{Attributes, Handle, KeyFile, Name, Public};

use super::{Inner, Key, Origin};
use crate::auth::Auth;
use crate::authorization::Attempt;
use crate::error::Error;
use crate::objects::Parent;
use crate::template::Storage;
use crate::tpm::Tpm;

impl Key {
    /// Opens the key in a file. The TPM is used only at the first operation.
    ///
    /// # Errors
    /// A part of the public area is too long.
    pub fn from_file(tpm: &Tpm, file: KeyFile, auth: Option<Auth>) -> Result<Self, Error> {
        let parent_auth = tpm.config().auth_of_parent(file.parent);
        Self::from_file_under(tpm, file, auth, parent_auth)
    }

    /// Opens the key in a file, with a password for its parent.
    ///
    /// # Errors
    /// As [`Key::from_file`].
    pub fn from_file_under(
        tpm: &Tpm,
        file: KeyFile,
        auth: Option<Auth>,
        parent_auth: Option<Auth>,
    ) -> Result<Self, Error> {
        let parent = Parent { handle: file.parent, storage: Storage::of(&file), auth: parent_auth };
        let public = file.public.clone();
        let name = public.name()?;
        let origin = Origin::File { file: Box::new(file), parent };
        Self::new(tpm, origin, public, name, auth)
    }

    /// Opens the key at a persistent handle.
    ///
    /// # Errors
    /// There is no key at the handle, or no TPM.
    pub fn persistent(tpm: &Tpm, handle: Handle, auth: Option<Auth>) -> Result<Self, Error> {
        let (public, _) = tpm.read_public(handle)?;
        Self::persistent_with_public(tpm, handle, public, auth)
    }

    /// Opens the key at a persistent handle, with the public area that the caller has just read.
    ///
    /// # Errors
    /// A part of the public area is too long.
    pub fn persistent_with_public(
        tpm: &Tpm,
        handle: Handle,
        public: Public,
        auth: Option<Auth>,
    ) -> Result<Self, Error> {
        let name = public.name()?;
        let key = Self::new(tpm, Origin::Persistent { handle }, public, name, auth)?;
        key.0.attempt.note_entity_present()?;
        Ok(key)
    }

    /// Opens the key at a persistent handle, with a public area from another source. The TPM is used only at the first operation,
    /// which verifies the key at the handle.
    ///
    /// # Errors
    /// A part of the public area is too long.
    pub fn persistent_unverified(
        tpm: &Tpm,
        handle: Handle,
        public: Public,
        auth: Option<Auth>,
    ) -> Result<Self, Error> {
        let name = public.name()?;
        let key = Self::new(tpm, Origin::Persistent { handle }, public, name, auth)?;
        key.0.attempt.note_entity_unverified()?;
        Ok(key)
    }

    fn new(tpm: &Tpm, origin: Origin, public: Public, name: Name, auth: Option<Auth>) -> Result<Self, Error> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let value = auth.as_ref().map(|auth| auth.as_value(public.name_alg));
        let attempt =
            origin.attempt(tpm.id(), &public, &name, value.as_ref().map_or(&[], |value| value.as_slice()))?;
        let tpm = tpm.clone();
        Ok(Self(Arc::new(Inner { tpm, number, origin, public, name, password: auth, attempt })))
    }
}

impl Origin {
    /// Returns the attempt that identifies the verdict on the password.
    pub(super) fn attempt(
        &self,
        tpm: &str,
        public: &Public,
        name: &Name,
        value: &[u8],
    ) -> Result<Attempt, Error> {
        let protected = !public.attributes.contains(Attributes::NO_DA);
        Ok(match self {
            Self::File { file, .. } => {
                // A file records whether the key has a password, so the empty one is not a guess. tpm2_encodeobject 5.4 to 5.7
                // inverts that flag.
                let guess = !(value.is_empty() && file.empty_auth && !file.may_be_inverted());
                Attempt::of_file(tpm, name, &file.private, value)?.counting_failures(protected && guess)
            }
            Self::Persistent { .. } => Attempt::of_named(tpm, name, value)?.counting_failures(protected),
        })
    }
}
