//! The framing of Microsoft's simulator: one connection for commands, one for the platform (TpmTcpProtocol.h).

use zeroize::{Zeroize as _, Zeroizing};

use super::channel::Channel;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind};
use crate::transport::answer::{LARGEST, leading_u32};
use crate::transport::location::{Address, Location, LocationError};
use crate::transport::{Transport, unreachable_error};

/// TPM_SEND_COMMAND with locality 0.
const SEND_COMMAND: [u8; 5] = [0, 0, 0, 8, 0];
/// TPM_SIGNAL_POWER_ON and TPM_SIGNAL_NV_ON, which have no effect if they were sent before.
const POWER_ON: [u8; 4] = [0, 0, 0, 1];
const NV_ON: [u8; 4] = [0, 0, 0, 11];

/// A connection to a simulator.
pub(crate) struct Mssim {
    /// None after an error.
    commands: Option<Channel>,
    /// Held open, as tcti-mssim does.
    _platform: Channel,
    /// It is never reallocated, so no copy of a secret is left.
    frame: Zeroizing<Vec<u8>>,
    deadline: Deadline,
}

impl Mssim {
    /// Connects and powers the simulator on.
    pub(crate) fn open(address: &Address, location: &Location, deadline: Deadline) -> Result<Self, Error> {
        let connect = |address: &Address| {
            Channel::open(address, deadline).map_err(|cause| {
                unreachable_error(LocationError::Socket { location: location.clone(), cause }, deadline)
            })
        };
        let no_second = || Error::new(ErrorKind::Input, "the simulator's second port would be above 65535");
        let commands = connect(address)?;
        let mut platform = connect(&address.second().ok_or_else(no_second)?)?;
        platform.control(&POWER_ON, deadline)?;
        platform.control(&NV_ON, deadline)?;
        let frame = Zeroizing::new(Vec::with_capacity(2 * LARGEST));
        Ok(Self { commands: Some(commands), _platform: platform, frame, deadline })
    }

    fn exchange(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), Error> {
        let channel = self.commands.as_mut().ok_or_else(Error::lost)?;
        let size = u32::try_from(command.len()).unwrap_or(u32::MAX);
        self.frame.clear();
        self.frame.extend_from_slice(&SEND_COMMAND);
        self.frame.extend_from_slice(&size.to_be_bytes());
        self.frame.extend_from_slice(command);
        // One write: TCP would delay a second one until the first is acknowledged.
        let sent = channel.send(&self.frame);
        // Without one of our sessions, the command contains a password.
        self.frame.as_mut_slice().zeroize();
        sent?;
        channel.receive(response, whole, self.deadline)?;
        let size = response.len().saturating_sub(8);
        response.copy_within(4..size.saturating_add(4), 0);
        // No secret is left beyond the end.
        response.iter_mut().skip(size).for_each(|byte| *byte = 0);
        response.truncate(size);
        Ok(())
    }
}

impl Transport for Mssim {
    fn transact(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), Error> {
        self.exchange(command, response).inspect_err(|_| self.commands = None)
    }

    fn wait_until(&mut self, deadline: Deadline) {
        self.deadline = deadline;
    }

    fn is_simulator(&self) -> bool {
        true
    }

    fn forget(self: Box<Self>) {}
}

/// Returns the length of the whole frame: the answer's size, the answer, four bytes of status.
fn whole(received: &[u8]) -> usize {
    leading_u32(received).map_or(4, |size| size.min(LARGEST).saturating_add(8))
}

#[cfg(test)]
mod tests {
    use ::tests::{Proxy, Swtpm};

    use super::*;
    use crate::transport::location::Source;

    #[test]
    fn the_sent_command_is_wiped_from_the_buffer() {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        let location = Location::parse(&proxy.tcti(), Source::Explicit).unwrap();
        let address = Address::parse(&location.string).unwrap();
        let mut simulator = Mssim::open(&address, &location, Deadline::NEVER).unwrap();
        // TPM2_GetRandom of four bytes.
        let command = [0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 4];
        let mut response = Vec::new();
        simulator.transact(&command, &mut response).unwrap();
        assert_eq!(response.len(), 12 + 4);
        assert_eq!(*simulator.frame, [0; 5 + 4 + 12]);
    }
}
