//! ContextSave, ContextLoad, FlushContext, EvictControl (TPM 2.0 Part 3 §28).

use keyfile::{CommandCode, Handle};

use super::frame::{Command, Entity, response_code};
use super::{Guarded, Protect, Run};
use crate::error::Error;
use crate::rc::ResponseCode;
use crate::trace;
use crate::transport::Transport;

/// Flushes an object or a session past the executor, which may have another command in its buffer.
pub(crate) fn flush(transport: &mut dyn Transport, handle: Handle) -> Result<ResponseCode, Error> {
    let [a, b, c, d] = handle.0.to_be_bytes();
    let [e, f, g, h] = CommandCode::FLUSH_CONTEXT.0.to_be_bytes();
    let mut response = Vec::new();
    transport.transact(&[0x80, 0x01, 0, 0, 0, 14, e, f, g, h, a, b, c, d], &mut response)?;
    let code = response_code(&response)?;
    if trace::enabled() {
        trace::line(format_args!("{} {handle}: {code}", CommandCode::FLUSH_CONTEXT));
    }
    Ok(code)
}

/// ContextSave: the object as octets that only this TPM reads, until its next reset.
pub(crate) fn context_save(run: &mut dyn Run, handle: Handle) -> Result<Vec<u8>, Error> {
    let command = Command {
        code: CommandCode::CONTEXT_SAVE,
        handles: &[Entity::plain(handle)],
        parameters: &[],
        makes_handle: false,
    };
    Ok(run.bare(&command)?.parameters.to_vec())
}

/// ContextLoad: the object again, at some handle.
pub(crate) fn context_load(run: &mut dyn Run, saved: &[u8]) -> Result<Handle, Error> {
    let command =
        Command { code: CommandCode::CONTEXT_LOAD, handles: &[], parameters: saved, makes_handle: true };
    Ok(run.bare(&command)?.handle)
}

/// EvictControl: a copy of a loaded object, at a handle that outlives power.
pub(crate) fn evict_control(
    run: &mut dyn Run,
    hierarchy: &Guarded<'_>,
    object: Entity<'_>,
    at: Handle,
    protect: Protect,
) -> Result<(), Error> {
    let command = Command {
        code: CommandCode::EVICT_CONTROL,
        handles: &[hierarchy.entity, object],
        parameters: &at.0.to_be_bytes(),
        makes_handle: false,
    };
    run.authorized(&command, hierarchy.auth, protect).map(drop)
}
