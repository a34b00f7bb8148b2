//! What this TPM can hold, asked before it is told to make something: the answer to a wrong wish lists the right ones.

use keyfile::{Curve, Handle, Public};
use tpm::{Capabilities, Parent, Tpm};

use crate::error::Error;

/// What keys can be made of.
pub(crate) struct Abilities(Capabilities);

impl Abilities {
    /// Asks the TPM.
    pub(crate) fn of(tpm: &Tpm) -> Result<Self, Error> {
        Ok(Abilities(tpm.capabilities()?))
    }

    /// The curves.
    pub(crate) fn curves(&self) -> &[Curve] {
        &self.0.curves
    }

    /// The parent of a key to be.
    ///
    /// # Errors
    /// There is nothing at the handle, or another kind of key; the advice lists what is there.
    pub(crate) fn parent(&self, tpm: &Tpm, handle: Handle) -> Result<Parent, Error> {
        Ok(Parent::of_new_key(tpm, &self.0, handle)?)
    }

    /// Looks whether the TPM can hold a key.
    ///
    /// # Errors
    /// It cannot; the advice lists what it has.
    pub(crate) fn check(&self, public: &Public) -> Result<(), Error> {
        Ok(self.0.check(public)?)
    }
}
