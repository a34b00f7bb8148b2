//! Where an object or NV index is of which only the Name is known.

use keyfile::{Handle, Name};

use crate::command::capability::{NV, PERSISTENT, handles};
use crate::command::nv::nv_read_public;
use crate::command::object::read_public;
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};

impl Connection {
    /// Where the object or NV index of this Name is: a policy need not say it. It is searched for once on a connection, unless it moves.
    pub(crate) fn handle_of(&mut self, name: &Name) -> Result<Handle, Error> {
        for kind in [PERSISTENT, NV] {
            for handle in handles(self, kind)? {
                match self.name_at(handle) {
                    Ok(found) if found == *name => return Ok(handle),
                    Ok(_) => {}
                    // Gone meanwhile, or of a kind that is not known here.
                    Err(error) if matches!(error.kind(), ErrorKind::NoObject | ErrorKind::Integrity) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        let text = format!("the TPM has nothing with the Name {name}, whose password is wanted");
        Err(Error::new(ErrorKind::Policy, text))
    }

    fn name_at(&mut self, handle: Handle) -> Result<Name, Error> {
        match handle.is_nv() {
            true => nv_read_public(self, handle).map(|(_, name)| name),
            false => read_public(self, handle).map(|(_, name)| name),
        }
    }

    /// Whether something else is at the handle: then nobody's password was wrong.
    pub(crate) fn is_other_object_at(&mut self, handle: Handle, name: &Name) -> bool {
        name.as_handle().is_none() && self.name_at(handle).is_ok_and(|found| found != *name)
    }
}
