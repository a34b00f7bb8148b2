//! Persistent objects: made, and evicted again.

use keyfile::{Handle, Name};

use super::Tpm;
use crate::auth::Auth;
use crate::command::context::evict_control;
use crate::command::object::read_public;
use crate::command::{Entity, Guarded, Protect};
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};
use crate::objects::Parent;
use crate::rc::ResponseCode;
use crate::template::Storage;

/// The first persistent handle of the platform (TPM 2.0 Part 2 §7.5, PLATFORM_PERSISTENT).
const PLATFORM: Handle = Handle(0x8180_0000);

/// Returns the hierarchy that authorizes changes of a persistent handle.
#[must_use]
pub fn persistent_hierarchy(handle: Handle) -> Handle {
    if handle < PLATFORM { Handle::OWNER } else { Handle::PLATFORM }
}

impl Tpm {
    /// Makes the owner's standard storage key, P-256 or RSA-2048, persistent at a handle; `auth` is the owner's password.
    ///
    /// # Errors
    /// The handle is in use, the owner's password is wrong or missing, the TPM's memory is full, or there is no TPM.
    pub fn persist_storage_key(&self, rsa: bool, at: Handle, auth: Option<&Auth>) -> Result<(), Error> {
        let storage = Storage::standard(rsa);
        let parent = Parent { handle: Handle::OWNER, storage, auth: auth.cloned() };
        let mut asked = false;
        self.operate(|connection| {
            let number = connection.parent_in_session(&parent)?;
            let name = connection.parent_public(number)?.1.clone();
            let loaded = connection.load_parent(number, &parent)?;
            let again = std::mem::replace(&mut asked, true);
            connection.make_persistent(Entity::named(loaded, &name), at, auth, again)?;
            connection.trim_loaded(&[])
        })
    }

    /// Evicts the object with this Name at a persistent handle; `auth` is the password of its [`persistent_hierarchy`].
    ///
    /// # Errors
    /// Another object is there, the password is wrong or missing, or there is no TPM.
    pub fn evict_persistent(&self, at: Handle, name: &Name, auth: Option<&Auth>) -> Result<(), Error> {
        let mut asked = false;
        self.operate(|connection| {
            match read_public(connection, at) {
                // The TPM has executed the command, and its answer was lost.
                Err(error) if asked && error.base_code() == Some(ResponseCode::HANDLE) => return Ok(()),
                Err(error) => return Err(error.on(at)),
                Ok((_, found)) if found != *name => {
                    return Err(
                        Error::new(ErrorKind::NoObject, "another object is at this handle now").on(at)
                    );
                }
                Ok(_) => {}
            }
            asked = true;
            connection.evict_persistent(at, name, auth)
        })
    }
}

impl Connection {
    /// Makes a loaded object persistent (EvictControl). `again` is true if an earlier answer may have been lost.
    pub(crate) fn make_persistent(
        &mut self,
        object: Entity<'_>,
        at: Handle,
        auth: Option<&Auth>,
        again: bool,
    ) -> Result<(), Error> {
        match self.evict_control(object, at, auth) {
            // The TPM has executed the command, and its answer was lost.
            Err(error) if again && error.base_code() == Some(ResponseCode::NV_DEFINED) => {
                match read_public(self, at).is_ok_and(|(_, name)| Some(&name) == object.name) {
                    true => Ok(()),
                    false => Err(error),
                }
            }
            done => done,
        }
    }

    /// Evicts a persistent object (EvictControl). The caller has checked its Name: another object would look like a wrong password of
    /// the hierarchy, or be evicted if no session protects the command.
    pub(crate) fn evict_persistent(
        &mut self,
        at: Handle,
        name: &Name,
        auth: Option<&Auth>,
    ) -> Result<(), Error> {
        self.open_session(None)?;
        self.evict_control(Entity::named(at, name), at, auth)
    }

    fn evict_control(&mut self, object: Entity<'_>, at: Handle, auth: Option<&Auth>) -> Result<(), Error> {
        let hierarchy = persistent_hierarchy(at);
        let value = auth.map(Auth::as_hierarchy_value).unwrap_or_default();
        let guarded = Guarded { entity: Entity::plain(hierarchy), auth: &value };
        self.prove_hierarchy(hierarchy, &value, |connection| {
            evict_control(connection, &guarded, object, at, Protect::SESSION.last())
        })
        .map_err(|error| explain(error, hierarchy, at, auth.is_some()))
    }
}

fn explain(error: Error, hierarchy: Handle, at: Handle, given: bool) -> Error {
    let name = hierarchy.hierarchy_name().unwrap_or_default();
    if error.kind() == ErrorKind::Authorization {
        let (kind, advice) = match given {
            true => {
                (ErrorKind::ParentAuthorization, format!("the password of the {name} hierarchy is wrong"))
            }
            false => {
                (ErrorKind::ParentPasswordMissing, format!("the {name} hierarchy has a password: give it"))
            }
        };
        return error.of_kind(kind).on(format_args!("{name} hierarchy")).advise(advice);
    }
    match error.base_code() {
        Some(ResponseCode::NV_DEFINED) => error.on(at).advise("name a handle that is free"),
        Some(ResponseCode::NV_SPACE) => error.on(at).advise("remove a persistent key that is not needed"),
        Some(ResponseCode::HIERARCHY) => error.on(at).advise(
            "use 81800000 or above for keys of the platform hierarchy, a lower handle for owner and endorsement; keys of the null hierarchy cannot be persistent",
        ),
        _ => error,
    }
}
