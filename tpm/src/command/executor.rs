//! The generic executor. It takes command code, handles with their Names, authorizations and parameters, and returns handle and
//! parameters. A command is built in one buffer and sent in one write. An answer is trusted only after its HMACs were verified.

use std::time::Instant;

use keyfile::wire::Reader;
use keyfile::{CommandCode, Handle, Name};
use zeroize::{Zeroize, Zeroizing};

use super::area::Area;
use super::context::flush;
use super::frame::{HEADER, response_code};
use super::{Command, Patience, Response, trace};
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind};
use crate::rc::{Part, ResponseCode};
use crate::transport::Transport;

/// TPM_ST_NO_SESSIONS and TPM_ST_SESSIONS (Part 2 §6.9).
const NO_SESSIONS: u16 = 0x8001;
const SESSIONS: u16 = 0x8002;

/// Chooses an object to flush when the TPM has no free object slot.
pub(crate) trait Evict {
    /// Returns an object that the command does not use; None if there is none.
    fn victim(&mut self, command: &Command<'_>) -> Option<Handle>;

    /// Records that the object was flushed.
    fn evicted(&mut self, handle: Handle);
}

/// The connection to the TPM and the buffers of the current command.
pub(crate) struct Executor {
    transport: Box<dyn Transport>,
    command: Zeroizing<Vec<u8>>,
    response: Zeroizing<Vec<u8>>,
    patience: Patience,
}

impl Executor {
    /// Takes a connection. The buffers never grow, so no copy of a secret is left in freed memory.
    pub(crate) fn new(transport: Box<dyn Transport>) -> Self {
        let buffer = || Zeroizing::new(Vec::with_capacity(2 * 4096));
        let patience = Patience::without_waiters(Deadline::NEVER);
        Self { transport, command: buffer(), response: buffer(), patience }
    }

    /// Swaps the patience of the following commands with `patience`.
    pub(crate) fn swap_patience(&mut self, patience: &mut Patience) {
        self.transport.wait_until(patience.deadline());
        std::mem::swap(&mut self.patience, patience);
    }

    /// Returns the time until which commands may wait.
    pub(crate) fn deadline(&self) -> Deadline {
        self.patience.deadline()
    }

    pub(crate) fn transport(&mut self) -> &mut dyn Transport {
        &mut *self.transport
    }

    /// Continues with another connection.
    pub(crate) fn replace_transport(&mut self, mut transport: Box<dyn Transport>) {
        transport.wait_until(self.patience.deadline());
        self.transport = transport;
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
        if let Some(code) = self.patience.interrupted() {
            return Err(refused(command, code));
        }
        loop {
            self.build(command, area.as_deref_mut()).map_err(Error::not_sent)?;
            let start = Instant::now();
            let result = self.exchange(command);
            let protection = || area.as_ref().map(|area| area.traced()).unwrap_or_default();
            trace::command(command, protection, &self.command, &self.response, result.as_ref().err(), start);
            // Without one of our sessions, the command contains the password.
            self.command.as_mut_slice().zeroize();
            let Err(error) = result else { return self.accept(command, area) };
            let is_full = error.base_code() == Some(ResponseCode::OBJECT_MEMORY);
            let Some(victim) = slots.victim(command).filter(|_| is_full) else { return Err(error) };
            if flush(self, victim).is_err() {
                return Err(error);
            }
            slots.evicted(victim);
        }
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
                    .map(|(e, own)| e.name.map_or(&own[..], Name::as_bytes))
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

    /// Sends the command until the TPM has executed or refused it.
    fn exchange(&mut self, command: &Command<'_>) -> Result<(), Error> {
        loop {
            // A command without time for its answer would break the connection.
            let deadline = self.patience.deadline();
            if deadline.has_passed() {
                return Err(deadline.missed("the operation has not ended").not_sent());
            }
            self.transport.transact(&self.command, &mut self.response)?;
            let code = response_code(&self.response)?;
            match code.base() {
                ResponseCode::SUCCESS => break,
                _ if code.is_busy() && self.patience.wait(code) => {}
                _ => return Err(refused(command, code)),
            }
        }
        if [CommandCode::CREATE, CommandCode::EVICT_CONTROL].contains(&command.code) {
            self.patience.note_made();
        }
        Ok(())
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
    let number = match code.part() {
        Some(Part::Handle(number)) => usize::from(number).saturating_sub(1),
        _ => 0,
    };
    match command.handles.get(number) {
        Some(entity) => error.at(entity.handle, entity.name),
        None => error,
    }
}

fn unexpected(command: &Command<'_>) -> Error {
    Error::integrity(format!("the answer to {} is malformed", command.code))
}
