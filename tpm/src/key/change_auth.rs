//! Changes the password of a key in a file (TPM2_ObjectChangeAuth).

use keyfile::{Attributes, Handle, Name};

use super::{Inner, Key, Origin};
use crate::auth::Auth;
use crate::command::object::object_change_auth;
use crate::command::{Entity, Protect};
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};
use crate::objects::Parent;

impl Key {
    /// Returns the private area of the key with another password, as the parent wraps it: the contents of a TPM2B_PRIVATE. It is not
    /// importable, even if the file of this key is.
    ///
    /// Nothing changes in the TPM, so this key and its file still work with the former password: the caller replaces the file.
    ///
    /// # Errors
    /// The password is wrong or missing, only a policy may change it (adminWithPolicy), the key is persistent, or there is no TPM.
    pub fn change_auth(&self, new: &Auth) -> Result<Vec<u8>, Error> {
        let key = &*self.0;
        let parent = key.parent_for_change()?;
        let admin = key.admin()?;
        if !key.is_used_by_policy() {
            key.check_not_refused()?;
        }
        let new = new.as_value(key.public.name_alg);
        key.tpm
            .operate(|connection| {
                // Loaded first, under the parent that the command names.
                key.pinned(connection)?;
                let (above, name) = parent_in_use(connection, parent)?;
                key.as_admin(connection, &admin, |connection, object| {
                    let parent = Entity::named(above, &name);
                    object_change_auth(connection, (object, parent), &new, Protect::SESSION.last())
                })
            })
            .map_err(|error| error.on(key))
    }
}

impl Inner {
    /// Returns the parent of a key whose password can be changed.
    fn parent_for_change(&self) -> Result<&Parent, Error> {
        let refused =
            |problem, advice| Err(Error::new(ErrorKind::Unsupported, problem).on(self).advise(advice));
        match &self.origin {
            Origin::Persistent { .. } => refused(
                "the password of a persistent key cannot be changed",
                "change the password of the key file, and make the key persistent again (`tpm2-keytool load`)",
            ),
            Origin::File { .. } if self.public.attributes.contains(Attributes::ADMIN_WITH_POLICY) => refused(
                "only its policy can change the password of the key (adminWithPolicy)",
                "create a new key; `tpm2-keytool create` makes keys whose password can be changed",
            ),
            Origin::File { parent, .. } => Ok(parent),
        }
    }
}

/// Returns the handle and Name of the parent under which the key was loaded: the persistent copy has the same Name.
fn parent_in_use(connection: &mut Connection, parent: &Parent) -> Result<(Handle, Name), Error> {
    let parent = connection.copy_or_parent(parent)?;
    connection.parent_of_child(&parent)
}
