//! A key from a file becomes one that the TPM keeps.

use keyfile::Handle;

use super::{Inner, Key};
use crate::auth::Auth;
use crate::command::context::evict_control;
use crate::command::object::read_public;
use crate::command::{Entity, Guarded, Protect};
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};
use crate::rc::ResponseCode;

/// From here on persistent handles are the platform's (TPM 2.0 Part 2 §7.5, PLATFORM_PERSISTENT).
const PLATFORM: Handle = Handle(0x8180_0000);

impl Key {
    /// The hierarchy that decides about a persistent handle.
    #[must_use]
    pub fn keeper(handle: Handle) -> Handle {
        if handle < PLATFORM { Handle::OWNER } else { Handle::PLATFORM }
    }

    /// Has the TPM keep a copy of the key at a persistent handle; `auth` is the password of the hierarchy that it belongs to. The key itself
    /// is not used: neither its password nor its policy is asked for.
    ///
    /// # Errors
    /// The handle is taken, the hierarchy is not the key's, its password is wrong, the TPM's memory is full, or there is no TPM.
    pub fn persist(&self, at: Handle, auth: Option<&Auth>) -> Result<(), Error> {
        let key = &*self.0;
        let hierarchy = Self::keeper(at);
        let value = auth.map(Auth::as_hierarchy_value).unwrap_or_default();
        let mut asked = false;
        key.tpm
            .operate(|connection| {
                let loaded = key.ready(connection, false, None)?;
                let guarded = Guarded { entity: Entity::plain(hierarchy), auth: &value };
                let object = Entity::named(loaded, &key.name);
                let again = std::mem::replace(&mut asked, true);
                let kept = connection.prove_hierarchy(hierarchy, &value, |connection| {
                    evict_control(connection, &guarded, object, at, Protect::SESSION.last())
                });
                match kept {
                    // The TPM has done it, and its answer was lost.
                    Err(error)
                        if again
                            && error.base_code() == Some(ResponseCode::NV_DEFINED)
                            && key.is_at(connection, at) =>
                    {
                        Ok(())
                    }
                    done => done.map_err(|error| explain(error, hierarchy, at, auth.is_some())),
                }
            })
            .map_err(|error| error.on(key))
    }

    /// Takes the copy away again.
    ///
    /// # Errors
    /// There is another key, the password of the hierarchy is wrong, or there is no TPM.
    pub fn withdraw(&self, at: Handle, auth: Option<&Auth>) -> Result<(), Error> {
        let key = &*self.0;
        let hierarchy = Self::keeper(at);
        let value = auth.map(Auth::as_hierarchy_value).unwrap_or_default();
        let mut asked = false;
        key.tpm.operate(|connection| {
            match key.still_there(connection, at) {
                // The TPM has done it, and its answer was lost.
                Err(error) if asked && error.base_code() == Some(ResponseCode::HANDLE) => return Ok(()),
                // Another key would look like a wrong password of the hierarchy, or, where no session protects, be taken away.
                there => there?,
            }
            connection.open_session(None)?;
            asked = true;
            let guarded = Guarded { entity: Entity::plain(hierarchy), auth: &value };
            let object = Entity::named(at, &key.name);
            connection
                .prove_hierarchy(hierarchy, &value, |connection| {
                    evict_control(connection, &guarded, object, at, Protect::SESSION.last())
                })
                .map_err(|error| explain(error, hierarchy, at, auth.is_some()))
        })
    }
}

impl Inner {
    fn is_at(&self, connection: &mut Connection, handle: Handle) -> bool {
        read_public(connection, handle).is_ok_and(|(_, name)| name == self.name)
    }
}

fn explain(error: Error, hierarchy: Handle, at: Handle, given: bool) -> Error {
    let name = hierarchy.hierarchy_name().unwrap_or_default();
    if error.kind() == ErrorKind::Authorization {
        let (kind, advice) = match given {
            true => (ErrorKind::ParentAuthorization, format!("the password of the {name} hierarchy is wrong")),
            false => {
                (ErrorKind::ParentPasswordMissing, format!("the {name} hierarchy has a password: give it"))
            }
        };
        return error
            .of_kind(kind)
            .on(format_args!("{name} hierarchy"))
            .advise(advice);
    }
    match error.base_code() {
        Some(ResponseCode::NV_DEFINED) => error.on(at).advise("name a handle that is free"),
        Some(ResponseCode::NV_SPACE) => error.on(at).advise("remove a persistent key that nobody needs"),
        Some(ResponseCode::HIERARCHY) => error.on(at).advise(
            "keys of the platform hierarchy go to 81800000 and above, keys of owner and endorsement below; those of the null hierarchy to neither",
        ),
        _ => error,
    }
}
