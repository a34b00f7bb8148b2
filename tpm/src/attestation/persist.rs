//! Makes a primary key persistent.

use keyfile::{Handle, Name, Public};

use super::Primary;
use super::load::SIGNER;
use crate::auth::Auth;
use crate::error::Error;
use crate::tpm::Tpm;

impl Tpm {
    /// Derives a primary key and makes it persistent at a handle; `owner` is the password of the handle's hierarchy.
    ///
    /// # Errors
    /// The handle is in use, a hierarchy's password is wrong, the TPM's memory is full, or there is no TPM.
    pub fn persist_primary(
        &self,
        key: &Primary,
        at: Handle,
        owner: Option<&Auth>,
    ) -> Result<(Public, Name), Error> {
        let mut asked = false;
        self.operate(|connection| {
            // First, because its salt key takes a slot.
            connection.open_session(None)?;
            connection.with_primaries(|connection| {
                let primary = connection.load_primary(SIGNER, key)?;
                let again = std::mem::replace(&mut asked, true);
                connection.make_persistent(primary.entity(), at, owner, again)?;
                Ok((primary.public.clone(), primary.name.clone()))
            })
        })
    }
}
