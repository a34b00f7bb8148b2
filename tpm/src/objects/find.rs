//! Finds objects and NV indexes by their Names.

use keyfile::{Handle, Name};

use crate::command::capability::{NV, PERSISTENT, handles};
use crate::command::nv::nv_read_public;
use crate::command::object::read_public;
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};

impl Connection {
    /// Returns the handle of the object or NV index with this Name: a policy need not contain it. A connection searches once, unless
    /// the object moves.
    pub(crate) fn handle_of(&mut self, name: &Name) -> Result<Handle, Error> {
        for kind in [PERSISTENT, NV] {
            for handle in handles(self, kind)? {
                match self.name_at(handle) {
                    Ok(found) if found == *name => return Ok(handle),
                    Ok(_) => {}
                    // The object is gone meanwhile, or of an unsupported type.
                    Err(error) if matches!(error.kind(), ErrorKind::NoObject | ErrorKind::Integrity) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        let text = format!("the TPM has nothing with the Name {name}, whose password is required");
        Err(Error::new(ErrorKind::Policy, text))
    }

    fn name_at(&mut self, handle: Handle) -> Result<Name, Error> {
        match handle.is_nv() {
            true => nv_read_public(self, handle).map(|(_, name)| name),
            false => read_public(self, handle).map(|(_, name)| name),
        }
    }

    /// Returns true if another object is at the handle, so that no password was wrong.
    pub(crate) fn is_other_object_at(&mut self, handle: Handle, name: &Name) -> bool {
        name.as_handle().is_none() && self.name_at(handle).is_ok_and(|found| found != *name)
    }
}
