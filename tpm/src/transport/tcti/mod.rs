//! Reaches a TPM through any TCTI of tpm2-tss that this crate does not implement itself.
//!
//! If the TCTI names a descriptor, this crate waits for the answer: the TCTIs of tpm2-tss treat a poll(2) interrupted by a signal as
//! a broken connection, and have no deadline or one of their own.

mod descriptors;

use std::ffi::CString;

use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind};
use crate::ffi::{self, BLOCK};
use crate::transport::Transport;
use crate::transport::location::{Kind, Location};
use descriptors::Watch;

/// TSS2_TCTI_RC_TRY_AGAIN: the answer is not complete yet.
const TRY_AGAIN: u32 = 0x000a_0009;

/// An open TCTI; finalized when dropped.
pub(crate) struct Tcti {
    /// None after `forget`.
    context: Option<ffi::Context>,
    kind: Kind,
    /// The descriptors that become readable with an answer; empty if the TCTI does not name them.
    descriptors: Vec<i32>,
    deadline: Deadline,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    /// An answer was not waited for. It may still come, and be taken for the answer to another command.
    TimedOut,
}

impl Tcti {
    /// Opens the TPM at this location.
    pub(crate) fn open(location: &Location, deadline: Deadline) -> Result<Self, Error> {
        let Location { string, kind, .. } = location;
        let text = CString::new(string.as_str())
            .map_err(|_| Error::new(ErrorKind::Input, "a TCTI string cannot hold a zero byte"))?;
        let watch = Watch::before(kind);
        let context = ffi::Context::open(&text).map_err(|code| no_tpm(location, code))?;
        let descriptors = context.descriptors();
        watch.close_on_exec(&descriptors);
        let (context, kind, state) = (Some(context), kind.clone(), State::Ready);
        Ok(Self { context, kind, descriptors, deadline, state })
    }

    fn exchange(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), Error> {
        const WAITING: &str = "waiting for the TPM's answer";
        let context = self.context.as_mut().ok_or_else(Error::lost)?;
        context.transmit(command).map_err(|code| Error::io("sending a command to the TPM", code))?;
        let missed = || self.deadline.missed("the TPM has not answered");
        let mut timeout = self.deadline.milliseconds();
        loop {
            if !self.descriptors.is_empty() {
                let ready = ffi::readable(&self.descriptors, self.deadline);
                ready.map_err(|cause| Error::broken(WAITING, cause))?.then_some(()).ok_or_else(missed)?;
                timeout = self.deadline.milliseconds();
            }
            match context.receive(response, timeout) {
                Err(TRY_AGAIN) if self.deadline.has_passed() => return Err(missed()),
                Err(TRY_AGAIN) => {}
                // Bad value, not implemented: the TCTI can only wait forever.
                Err(0x000a_000b | 0x000a_0002) if timeout != BLOCK => timeout = BLOCK,
                // A TCTI that waits itself reports only that the wait has failed.
                Err(_) if self.descriptors.is_empty() && self.deadline.has_passed() => return Err(missed()),
                answer => return answer.map_err(|code| Error::io(WAITING, code)),
            }
        }
    }
}

impl Transport for Tcti {
    fn transact(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), Error> {
        if self.state == State::TimedOut {
            return Err(Error::lost());
        }
        self.exchange(command, response).inspect_err(|error| {
            if error.kind() == ErrorKind::Timeout {
                self.state = State::TimedOut;
            }
        })
    }

    fn wait_until(&mut self, deadline: Deadline) {
        self.deadline = deadline;
    }

    fn is_shared(&self) -> bool {
        self.kind == Kind::Swtpm
    }

    fn is_simulator(&self) -> bool {
        matches!(self.kind, Kind::Swtpm | Kind::Mssim)
    }

    fn forget(mut self: Box<Self>) {
        // The finalizer might send on a channel that belongs to the parent.
        std::mem::forget(self.context.take());
    }
}

fn no_tpm(location: &Location, code: u32) -> Error {
    let Location { string, source, .. } = location;
    Error::new(ErrorKind::NoTpm, format!("no TPM answers at {string} (given by {source})"))
        .with_code(code)
        .advise("check that it runs and that you may use it, or name another with the parameter tcti or the variable TPM2_TCTI")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::location::Source;

    #[test]
    fn a_closed_port_is_reported_as_no_tpm() {
        let location = Location::parse("swtpm:host=127.0.0.1,port=1", Source::Explicit).unwrap();
        let error = Tcti::open(&location, Deadline::NEVER).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::NoTpm);
        assert!(error.to_string().contains("port=1"), "{error}");
    }
}
