//! Where a key comes from: a file, or a persistent handle.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keyfile::{Attributes, Handle, KeyFile, Name, Public};

use super::{Inner, Key, Origin};
use crate::auth::Auth;
use crate::authorization::Attempt;
use crate::error::Error;
use crate::objects::Parent;
use crate::tpm::Tpm;

impl Key {
    /// The key in a file; the TPM hears of it at first use.
    ///
    /// # Errors
    /// The public area has a part that is too long to have a Name.
    pub fn from_file(tpm: &Tpm, file: KeyFile, auth: Option<Auth>) -> Result<Self, Error> {
        let parent_auth = tpm.config().auth_of_parent(file.parent);
        Self::from_file_under(tpm, file, auth, parent_auth)
    }

    /// The same, under a parent with a password of its own.
    ///
    /// # Errors
    /// As [`Key::from_file`].
    pub fn from_file_under(
        tpm: &Tpm,
        file: KeyFile,
        auth: Option<Auth>,
        parent_auth: Option<Auth>,
    ) -> Result<Self, Error> {
        let parent = Parent { handle: file.parent, rsa: file.rsa_parent, auth: parent_auth };
        let public = file.public.clone();
        let name = public.name()?;
        let origin = Origin::File { file: Box::new(file), parent };
        Self::new(tpm, origin, public, name, auth)
    }

    /// The key at a persistent handle.
    ///
    /// # Errors
    /// There is none, or no TPM.
    pub fn persistent(tpm: &Tpm, handle: Handle, auth: Option<Auth>) -> Result<Self, Error> {
        let (public, _) = tpm.read_public(handle)?;
        Self::at(tpm, handle, public, auth)
    }

    /// The same, with its public area as it was just read.
    ///
    /// # Errors
    /// The public area has a part that is too long to have a Name.
    pub fn at(tpm: &Tpm, handle: Handle, public: Public, auth: Option<Auth>) -> Result<Self, Error> {
        let name = public.name()?;
        let key = Self::new(tpm, Origin::Persistent { handle }, public, name, auth)?;
        key.0.attempt.saw_entity()?;
        Ok(key)
    }

    /// The same, with its public area known from elsewhere; the TPM hears of it at first use, and is asked then whether it is that
    /// key.
    ///
    /// # Errors
    /// The public area has a part that is too long to have a Name.
    pub fn expected(tpm: &Tpm, handle: Handle, public: Public, auth: Option<Auth>) -> Result<Self, Error> {
        let name = public.name()?;
        let key = Self::new(tpm, Origin::Persistent { handle }, public, name, auth)?;
        key.0.attempt.expect_entity()?;
        Ok(key)
    }

    fn new(tpm: &Tpm, origin: Origin, public: Public, name: Name, auth: Option<Auth>) -> Result<Self, Error> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let value = auth.as_ref().map(|auth| auth.as_value(public.name_alg));
        let attempt = origin.attempt(
            tpm.place(),
            &public,
            &name,
            value.as_ref().map_or(&[], |value| value.as_slice()),
        )?;
        let tpm = tpm.clone();
        Ok(Self(Arc::new(Inner { tpm, number, origin, public, name, password: auth, attempt })))
    }
}

impl Origin {
    /// What is known of the password is known of this.
    fn attempt(&self, tpm: &str, public: &Public, name: &Name, value: &[u8]) -> Result<Attempt, Error> {
        let protected = !public.attributes.contains(Attributes::NO_DA);
        Ok(match self {
            Self::File { file, .. } => {
                // A file of ours says whether its key has a password, so the empty one is no guess. tpm2_encodeobject 5.4 to 5.7 inverts that.
                let guess = !(value.is_empty() && file.empty_auth && !file.is_from_another_tool());
                Attempt::of_file(tpm, name, &file.private, value)?.counting(protected && guess)
            }
            Self::Persistent { .. } => Attempt::of_named(tpm, name, value)?.counting(protected),
        })
    }
}
