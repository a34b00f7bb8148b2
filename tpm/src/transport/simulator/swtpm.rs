//! swtpm's framing: commands and answers without additions, and one connection for each command, so that several processes can share
//! it.

use super::channel::Channel;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind};
use crate::transport::answer::size;
use crate::transport::location::{Address, Location, LocationError};
use crate::transport::{Transport, unreachable_error};

/// CMD_SET_LOCALITY of swtpm_ioctls.h, with locality 0.
const LOCALITY_0: [u8; 5] = [0, 0, 0, 5, 0];

/// A swtpm that has answered when it was opened.
pub(crate) struct Swtpm {
    address: Address,
    location: Location,
    deadline: Deadline,
    /// True after a timeout: the answer may still come, and the state of the TPM is unknown.
    timed_out: bool,
}

impl Swtpm {
    /// Sets the locality, as tcti-swtpm does. If swtpm does not answer that, it does not answer at all.
    pub(crate) fn open(address: Address, location: &Location, deadline: Deadline) -> Result<Self, Error> {
        let new = Self { address, location: location.clone(), deadline, timed_out: false };
        if let Some(second) = new.address.second() {
            new.connect(&second)?.control(&LOCALITY_0, deadline)?;
        }
        Ok(new)
    }

    fn connect(&self, address: &Address) -> Result<Channel, Error> {
        Channel::open(address, self.deadline).map_err(|cause| {
            unreachable_error(LocationError::Socket { location: self.location.clone(), cause }, self.deadline)
        })
    }
}

impl Transport for Swtpm {
    fn transact(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), Error> {
        if self.timed_out {
            return Err(Error::lost());
        }
        // It was reachable before, so the connection broke.
        let mut channel = self.connect(&self.address).map_err(|error| match error.kind() {
            ErrorKind::NoTpm => error.of_kind(ErrorKind::Io),
            _ => error,
        });
        let answered = match &mut channel {
            Ok(channel) => {
                channel.send(command).and_then(|()| channel.receive(response, size, self.deadline))
            }
            Err(_) => channel.map(drop),
        };
        answered.inspect_err(|error| self.timed_out |= error.kind() == ErrorKind::Timeout)
    }

    fn wait_until(&mut self, deadline: Deadline) {
        self.deadline = deadline;
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn is_simulator(&self) -> bool {
        true
    }

    fn forget(self: Box<Self>) {}
}
