//! ContextSave, ContextLoad, FlushContext, EvictControl (TPM 2.0 Part 3 §28).

use keyfile::{CommandCode, Handle};

use super::executor::{Evict, Executor};
use super::frame::{Command, Entity};
use super::{Guarded, Protect, Run};
use crate::error::Error;
use crate::rc::ResponseCode;

/// The result of FlushContext: the object or session is not in the TPM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flushed {
    /// It was flushed now.
    Done,
    /// The TPM had nothing at this handle.
    Absent,
}

/// Flushes an object or a session (FlushContext). After an error it may still be loaded.
pub(crate) fn flush(executor: &mut Executor, handle: Handle) -> Result<Flushed, Error> {
    let command = Command {
        code: CommandCode::FLUSH_CONTEXT,
        // The specification calls it a parameter (Part 3 §28.4); in the command it is in the position of a handle.
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

/// Returns true if the code says that the only handle of the command names nothing. VALUE means that it is not the handle of an
/// object or session.
pub(crate) fn means_absent(code: ResponseCode) -> bool {
    code.is_lost_reference() || matches!(code.base(), ResponseCode::HANDLE | ResponseCode::VALUE)
}

/// FlushContext needs no slot.
struct NoSlots;

impl Evict for NoSlots {
    fn victim(&mut self, _: &Command<'_>) -> Option<Handle> {
        None
    }

    fn evicted(&mut self, _: Handle) {}
}

/// ContextSave: returns the object as bytes that only this TPM can read until its next reset.
pub(crate) fn context_save(run: &mut dyn Run, handle: Handle) -> Result<Vec<u8>, Error> {
    let command = Command {
        code: CommandCode::CONTEXT_SAVE,
        handles: &[Entity::plain(handle)],
        parameters: &[],
        makes_handle: false,
    };
    Ok(run.bare(&command)?.parameters.to_vec())
}

/// ContextLoad: loads a saved object, at a handle that the TPM chooses.
pub(crate) fn context_load(run: &mut dyn Run, saved: &[u8]) -> Result<Handle, Error> {
    let command =
        Command { code: CommandCode::CONTEXT_LOAD, handles: &[], parameters: saved, makes_handle: true };
    Ok(run.bare(&command)?.handle)
}

/// EvictControl: copies a loaded object to a handle that survives power loss.
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
