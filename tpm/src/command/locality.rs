//! From which locality our commands come: only the creation data of an object says so (TPM 2.0 Part 2 §15.1).

use keyfile::wire::{Reader, Unmarshal};
use keyfile::{CommandCode, Handle, PcrSelection};

use super::object::creation;
use super::{Entity, flush};
use crate::command::{Guarded, Protect};
use crate::connection::Connection;
use crate::connection::MAX_LOADED;
use crate::error::Error;
use crate::template::Template;

impl Connection {
    /// CreatePrimary of a sealed octet in the null hierarchy, and FlushContext: as TPMA_LOCALITY.
    pub(crate) fn locality(&mut self) -> Result<u8, Error> {
        let parameters = creation(&Template::sealed().public(), &[], &[0])?;
        self.make_room(MAX_LOADED - 1, &[])?;
        let hierarchy = Guarded { entity: Entity::plain(Handle::NULL), auth: &[] };
        let response =
            self.guarded_making(CommandCode::CREATE_PRIMARY, &hierarchy, &parameters, Protect::NONE)?;
        let (handle, locality) = (response.handle, of_creation(response.parameters));
        flush(self.transport(), handle)?;
        locality
    }
}

fn of_creation(parameters: &[u8]) -> Result<u8, Error> {
    let mut r = Reader::new(parameters);
    r.sized()?;
    let mut r = Reader::new(r.sized()?);
    PcrSelection::unmarshal(&mut r)?;
    r.sized()?;
    Ok(r.u8()?)
}
