//! CreatePrimary (TPM 2.0 Part 3 §24.1).

use keyfile::wire::{Marshal, Reader, Unmarshal, Writer};
use keyfile::{CommandCode, Handle, Name, PcrSelection, Public, Ticket};
use zeroize::Zeroizing;

use super::frame::{Entity, same};
use super::{Guarded, Protect, Run};
use crate::error::Error;
use crate::template::Template;

/// A loaded primary key.
pub(crate) struct Primary {
    pub(crate) handle: Handle,
    pub(crate) public: Public,
    pub(crate) name: Name,
}

/// CreatePrimary: derives the key of this template in this hierarchy.
pub(crate) fn create_primary(
    run: &mut dyn Run,
    hierarchy: &Guarded<'_>,
    template: &Public,
    protect: Protect,
) -> Result<Primary, Error> {
    let parameters = creation(template, &[], &[])?;
    let response =
        run.guarded_making(CommandCode::CREATE_PRIMARY, hierarchy, &parameters, protect.decrypted())?;
    let mut r = Reader::new(response.parameters);
    let public = Public::from_bytes(r.sized()?)?;
    r.sized()?;
    r.sized()?;
    Ticket::unmarshal(&mut r)?;
    let name = Name::unmarshal(&mut r)?;
    r.finish()?;
    let handle = response.handle;
    // An answer outside a session is not authenticated. At least its parts must agree.
    same(&public.name()?, &name).map_err(|error| error.on(handle))?;
    Ok(Primary { handle, public, name })
}

/// CreatePrimary of a sealed byte in the null hierarchy. Returns its handle, and the locality of the command as TPMA_LOCALITY, which
/// only the creation data of an object contains (Part 2 §15.1).
pub(crate) fn create_for_locality(run: &mut dyn Run) -> Result<(Handle, Result<u8, Error>), Error> {
    let parameters = creation(&Template::sealed().public(), &[], &[0])?;
    let hierarchy = Guarded { entity: Entity::plain(Handle::NULL), auth: &[] };
    let response = run.guarded_making(CommandCode::CREATE_PRIMARY, &hierarchy, &parameters, Protect::NONE)?;
    Ok((response.handle, locality_of_creation(response.parameters)))
}

fn locality_of_creation(parameters: &[u8]) -> Result<u8, Error> {
    let mut r = Reader::new(parameters);
    r.sized()?;
    let mut r = Reader::new(r.sized()?);
    PcrSelection::unmarshal(&mut r)?;
    r.sized()?;
    Ok(r.u8()?)
}

/// Returns the parameters of CreatePrimary and Create: authValue and data, public area, no outside info, no PCRs.
pub(super) fn creation(template: &Public, auth: &[u8], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut w = Writer::new();
    w.sized_with(|w| {
        w.sized(auth);
        w.sized(data);
    });
    w.sized_with(|w| template.marshal(w));
    w.sized(&[]);
    w.u32(0);
    Ok(Zeroizing::new(w.finish()?))
}
