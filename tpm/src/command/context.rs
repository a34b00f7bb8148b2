//! ContextSave, ContextLoad, FlushContext, EvictControl (TPM 2.0 Part 3 §28).

use keyfile::{CommandCode, Handle};

use super::executor::{Evict, Executor};
use super::frame::{Command, Entity};
use super::{Guarded, Protect, Run};
use crate::error::Error;
use crate::rc::ResponseCode;

/// What an object or session is after FlushContext: not in the TPM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flushed {
    /// It was there until now.
    Done,
    /// The TPM has nothing at this handle.
    Absent,
}

/// FlushContext of an object or a session. An error leaves open whether it is still there.
pub(crate) fn flush(executor: &mut Executor, handle: Handle) -> Result<Flushed, Error> {
    let command = Command {
        code: CommandCode::FLUSH_CONTEXT,
        // A parameter by the book (Part 3 §28.4); on the bus it stands where a handle does.
        handles: &[Entity::plain(handle)],
        parameters: &[],
        makes_handle: false,
    };
    match executor.run(&command, None, &mut NoSlots) {
        Ok(_) => Ok(Flushed::Done),
        Err(error) if error.code().is_some_and(means_absent) => Ok(Flushed::Absent),
        Err(error) => Err(error),
    }
}

/// Whether the TPM says of the one handle in a command that there is nothing. VALUE: it is no handle of an object or session at all.
pub(crate) fn means_absent(code: ResponseCode) -> bool {
    code.is_lost_reference() || matches!(code.base(), ResponseCode::HANDLE | ResponseCode::VALUE)
}

/// FlushContext takes no slot.
struct NoSlots;

impl Evict for NoSlots {
    fn victim(&mut self, _: &Command<'_>) -> Option<Handle> {
        None
    }

    fn evicted(&mut self, _: Handle) {}
}

/// ContextSave: the object as bytes that only this TPM reads, until its next reset.
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
