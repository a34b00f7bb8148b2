//! The generic executor: command code, handles with their Names, authorizations and parameters in; handle and parameters out.
//! One frame is built in one buffer and leaves in one write; the answer is believed only after its HMACs were verified.

use std::time::Instant;

use keyfile::wire::Reader;
use keyfile::{Handle, Name};
use zeroize::{Zeroize, Zeroizing};

use super::area::Area;
use super::frame::response_code;
use super::{Backoff, Command, Response, trace};
use crate::error::{Error, ErrorKind};
use crate::rc::ResponseCode;
use crate::transport::Transport;

/// TPM_ST_NO_SESSIONS and TPM_ST_SESSIONS (Part 2 §6.9).
const NO_SESSIONS: u16 = 0x8001;
const SESSIONS: u16 = 0x8002;
const HEADER: usize = 10;

/// Whoever can free an object slot of the TPM when it has none left.
pub(crate) trait Evict {
    /// Frees one that the command does not use; false when there is none.
    fn evict_one(&mut self, transport: &mut dyn Transport, command: &Command<'_>) -> bool;
}

/// The way to the TPM with the frame that is on it.
pub(crate) struct Executor {
    transport: Box<dyn Transport>,
    command: Zeroizing<Vec<u8>>,
    response: Zeroizing<Vec<u8>>,
}

impl Executor {
    /// Takes a connection; the buffers never grow, so no copy of a secret stays behind.
    pub(crate) fn new(transport: Box<dyn Transport>) -> Self {
        let buffer = || Zeroizing::new(Vec::with_capacity(2 * 4096));
        Self { transport, command: buffer(), response: buffer() }
    }

    pub(crate) fn transport(&mut self) -> &mut dyn Transport {
        &mut *self.transport
    }

    pub(crate) fn into_transport(self) -> Box<dyn Transport> {
        self.transport
    }

    /// Runs one command to its end.
    pub(crate) fn run(
        &mut self,
        command: &Command<'_>,
        mut area: Option<&mut (dyn Area + '_)>,
        slots: &mut dyn Evict,
    ) -> Result<Response<'_>, Error> {
        self.build(command, area.as_deref_mut())?;
        let start = Instant::now();
        let result = self.exchange(command, slots);
        let protection = || area.as_ref().map(|area| area.traced()).unwrap_or_default();
        trace::command(command, protection, &self.command, &self.response, result.as_ref().err(), start);
        // Without a session of ours the password is in it.
        self.command.as_mut_slice().zeroize();
        result?;
        self.accept(command, area)
    }

    /// Wipes the last answer, which held a secret.
    pub(crate) fn wipe(&mut self) {
        self.response.as_mut_slice().zeroize();
    }

    fn build(&mut self, command: &Command<'_>, area: Option<&mut (dyn Area + '_)>) -> Result<(), Error> {
        let out = &mut *self.command;
        out.clear();
        let tag = if area.is_some() { SESSIONS } else { NO_SESSIONS };
        out.extend_from_slice(&tag.to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&command.code.0.to_be_bytes());
        for entity in command.handles {
            out.extend_from_slice(&entity.handle.0.to_be_bytes());
        }
        match area {
            None => out.extend_from_slice(command.parameters),
            Some(area) => {
                let handles =
                    [0, 1, 2].map(|at| command.handles.get(at).map_or([0; 4], |e| e.handle.0.to_be_bytes()));
                let names: Vec<&[u8]> = command
                    .handles
                    .iter()
                    .zip(&handles)
                    .map(|(e, own)| e.name.map_or(&own[..], Name::as_octets))
                    .collect();
                area.authorize(out, command.code, &names, command.parameters)?;
            }
        }
        let size = u32::try_from(out.len()).ok().filter(|&size| size <= 4096);
        let size =
            size.ok_or_else(|| Error::new(ErrorKind::Input, "a command would be longer than any TPM takes"))?;
        if let Some(place) = out.get_mut(2..6) {
            place.copy_from_slice(&size.to_be_bytes());
        }
        Ok(())
    }

    /// Sends the octets until the TPM has done what they ask, or will not.
    fn exchange(&mut self, command: &Command<'_>, slots: &mut dyn Evict) -> Result<(), Error> {
        let mut busy = Backoff::for_the_tpm();
        loop {
            self.transport.transact(&self.command, &mut self.response)?;
            let code = response_code(&self.response)?;
            match code.base() {
                ResponseCode::SUCCESS => return Ok(()),
                _ if code.is_busy() && busy.wait() => {}
                ResponseCode::OBJECT_MEMORY if slots.evict_one(&mut *self.transport, command) => {}
                _ => return Err(refused(command, code)),
            }
        }
    }

    fn accept(
        &mut self,
        command: &Command<'_>,
        area: Option<&mut (dyn Area + '_)>,
    ) -> Result<Response<'_>, Error> {
        let Self { response, .. } = self;
        let mut r = Reader::new(response);
        let tag = r.u16()?;
        r.u32()?;
        r.u32()?;
        let handle = if command.makes_handle { Handle(r.u32()?) } else { Handle::NULL };
        let mut start = if command.makes_handle { HEADER + 4 } else { HEADER };
        let mut end = response.len();
        match area {
            None => (tag == NO_SESSIONS).then_some(()).ok_or_else(|| unexpected(command))?,
            Some(sessions) => {
                (tag == SESSIONS).then_some(()).ok_or_else(|| unexpected(command))?;
                let size = usize::try_from(r.u32()?).unwrap_or(usize::MAX);
                start += 4;
                end = start.saturating_add(size);
                let (before, area) = response.split_at_mut_checked(end).ok_or_else(|| unexpected(command))?;
                let parameters = before.get_mut(start..).unwrap_or_default();
                sessions.accept(command.code, parameters, area)?;
            }
        }
        Ok(Response { handle, parameters: response.get(start..end).unwrap_or_default() })
    }
}

fn refused(command: &Command<'_>, code: ResponseCode) -> Error {
    let error = Error::refused(format!("{} failed", command.code), code);
    match command.handles.first() {
        Some(entity) => error.at(entity.handle, entity.name),
        None => error,
    }
}

fn unexpected(command: &Command<'_>) -> Error {
    Error::integrity(format!("the answer to {} has not the form it must have", command.code))
}
