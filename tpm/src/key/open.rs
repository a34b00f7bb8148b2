//! Where a key comes from: a file, or a persistent handle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use keyfile::{Handle, KeyFile, Name, Public};

use super::{Inner, Key, Origin};
use crate::auth::Auth;
use crate::error::Error;
use crate::objects::Parent;
use crate::tpm::Tpm;

impl Key {
    /// The key in a file; the TPM hears of it at first use.
    ///
    /// # Errors
    /// The public area has a part that is too long to have a Name.
    pub fn from_file(tpm: &Tpm, file: KeyFile, auth: Option<Auth>) -> Result<Self, Error> {
        Self::from_file_under(tpm, file, auth, tpm.config().parent_auth.clone())
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
        Ok(Self::new(tpm, origin, public, name, auth))
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
        let seen = AtomicBool::new(true);
        Ok(Self::new(tpm, Origin::Persistent { handle, seen }, public, name, auth))
    }

    /// The same, with its public area known from elsewhere; the TPM hears of it at first use, and is asked then whether it is that
    /// key.
    ///
    /// # Errors
    /// The public area has a part that is too long to have a Name.
    pub fn expected(tpm: &Tpm, handle: Handle, public: Public, auth: Option<Auth>) -> Result<Self, Error> {
        let name = public.name()?;
        let seen = AtomicBool::new(false);
        Ok(Self::new(tpm, Origin::Persistent { handle, seen }, public, name, auth))
    }

    fn new(tpm: &Tpm, origin: Origin, public: Public, name: Name, auth: Option<Auth>) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let doubtful = origin.is_doubtful(auth.as_ref()) && origin.counts_wrong_passwords(&public);
        let value = auth.as_ref().map(|auth| auth.as_value(public.name_alg));
        let tpm = tpm.clone();
        Self(Arc::new(Inner {
            tpm,
            number,
            origin,
            public,
            name,
            auth: value,
            password: auth,
            doubtful: AtomicBool::new(doubtful),
        }))
    }
}
