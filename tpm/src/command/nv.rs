//! NV_ReadPublic and NV_Read (TPM 2.0 Part 3 §31.6, §31.13).

use keyfile::wire::{Reader, Unmarshal, Writer};
use keyfile::{CommandCode, Handle, Name, NvPublic};
use zeroize::Zeroizing;

use super::frame::{Command, Entity, Response, same};
use super::{Guarded, Protect, Run};
use crate::error::Error;

/// NV_ReadPublic: returns the public area of an index and its Name. The answer is not authenticated.
pub(crate) fn nv_read_public(run: &mut dyn Run, index: Handle) -> Result<(NvPublic, Name), Error> {
    public_of(index, run.bare(&command(&[Entity::plain(index)]))?)
}

/// Reads the same, authenticated if a session is open. The authenticated command is bound to the Name, which the first, plain command
/// returns.
pub(crate) fn nv_read_public_audited(
    run: &mut dyn Run,
    index: Handle,
    name: &Name,
) -> Result<(NvPublic, Name), Error> {
    public_of(index, run.audited(&command(&[Entity::named(index, name)]))?)
}

fn command<'a>(handles: &'a [Entity<'a>]) -> Command<'a> {
    Command { code: CommandCode::NV_READ_PUBLIC, handles, parameters: &[], makes_handle: false }
}

fn public_of(index: Handle, response: Response<'_>) -> Result<(NvPublic, Name), Error> {
    let mut r = Reader::new(response.parameters);
    let public = NvPublic::from_bytes(r.sized()?)?;
    let name = Name::unmarshal(&mut r)?;
    r.finish()?;
    same(&public.name()?, &name).map_err(|error| error.on(index))?;
    // The Name of an index contains its handle, so an answer about another index is detected.
    if public.index != index {
        return Err(Error::integrity(format!(
            "the TPM was asked about {index}, and answered about {}",
            public.index
        )));
    }
    Ok((public, name))
}

/// NV_Read: reads `size` bytes from `offset` on, authorized by `reader`. An index may hold a password.
pub(crate) fn nv_read(
    run: &mut dyn Run,
    reader: &Guarded<'_>,
    index: Entity<'_>,
    (offset, size): (u16, u16),
    protect: Protect,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut w = Writer::new();
    w.u16(size);
    w.u16(offset);
    let parameters = w.finish()?;
    let command = Command {
        code: CommandCode::NV_READ,
        handles: &[reader.entity, index],
        parameters: &parameters,
        makes_handle: false,
    };
    let response = run.authorized(&command, reader.auth, protect.encrypted())?;
    let mut r = Reader::new(response.parameters);
    let bytes = r.sized().map(|bytes| Zeroizing::new(bytes.to_vec()));
    let whole = r.finish();
    run.wipe();
    whole?;
    Ok(bytes?)
}
