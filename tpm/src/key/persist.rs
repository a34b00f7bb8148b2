//! Makes persistent copies of keys from files.

use keyfile::Handle;

use super::{Key, Origin};
use crate::auth::Auth;
use crate::command::Entity;
use crate::error::Error;
use crate::rc::ResponseCode;

impl Key {
    /// Returns true if the key is loaded under a persistent parent: the one that its file names, or a persistent copy of that. After a load,
    /// which tries the copy, this sends no command.
    ///
    /// # Errors
    /// There is no TPM.
    pub fn has_persistent_parent(&self) -> Result<bool, Error> {
        match &self.0.origin {
            Origin::File { parent, .. } if parent.is_derived() => {
                self.0.tpm.operate(|connection| Ok(connection.persistent_copy(parent)?.is_some()))
            }
            _ => Ok(true),
        }
    }

    /// Makes the key persistent at a handle; `auth` is the password of its hierarchy. The key is not used: neither its password nor
    /// its policy is needed.
    ///
    /// # Errors
    /// The key does not load, the handle is in use, the key belongs to another hierarchy, the hierarchy's password is wrong, the TPM's
    /// memory is full, or there is no TPM.
    pub fn persist(&self, at: Handle, auth: Option<&Auth>) -> Result<(), Error> {
        let key = &*self.0;
        let mut asked = false;
        key.tpm
            .operate(|connection| {
                let loaded = key.ready(connection, false, None)?;
                let again = std::mem::replace(&mut asked, true);
                connection.make_persistent(Entity::named(loaded, &key.name), at, auth, again)
            })
            .map_err(|error| error.on(key))
    }

    /// Removes the persistent copy.
    ///
    /// # Errors
    /// No key or another one is at the handle, the password of the hierarchy is wrong, or there is no TPM.
    pub fn unpersist(&self, at: Handle, auth: Option<&Auth>) -> Result<(), Error> {
        let key = &*self.0;
        let mut asked = false;
        key.tpm.operate(|connection| {
            match key.check_name_unchanged(connection, at) {
                // The TPM has executed the command, and its answer was lost.
                Err(error) if asked && error.base_code() == Some(ResponseCode::HANDLE) => return Ok(()),
                there => there?,
            }
            asked = true;
            connection.evict_persistent(at, &key.name, auth)
        })
    }
}
