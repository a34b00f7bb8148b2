//! FlushContext, ContextSave, ContextLoad (TPM 2.0 Part 3 §28).

use keyfile::{CommandCode, Handle};

use super::executor::response_code;
use super::{Command, Entity};
use crate::connection::Connection;
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

impl Connection {
    /// ContextSave: the object as octets that only this TPM reads, until its next reset.
    pub(crate) fn context_save(&mut self, handle: Handle) -> Result<Vec<u8>, Error> {
        let command = Command {
            code: CommandCode::CONTEXT_SAVE,
            handles: &[Entity::plain(handle)],
            parameters: &[],
            makes_handle: false,
        };
        Ok(self.bare(&command)?.parameters.to_vec())
    }

    /// ContextLoad: the object again, at some handle.
    pub(crate) fn context_load(&mut self, saved: &[u8]) -> Result<Handle, Error> {
        let command =
            Command { code: CommandCode::CONTEXT_LOAD, handles: &[], parameters: saved, makes_handle: true };
        Ok(self.bare(&command)?.handle)
    }
}
