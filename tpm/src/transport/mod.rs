//! What carries a command to a TPM: the kernel's device, a simulator's socket, any other TCTI, or something else in tests.

mod answer;
mod device;
pub mod location;
mod open;
mod simulator;
mod tcti;

pub(crate) use open::locate;
pub use open::open;
use open::{no_tpm_error, unreachable_error};

use crate::deadline::Deadline;
use crate::error::Error;

/// One connection to a TPM. Dropping it disconnects.
pub trait Transport: Send {
    /// Sends one command whole and waits for the answer to it.
    ///
    /// # Errors
    /// When the connection is broken; what the TPM itself says is in the response.
    fn transact(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), Error>;

    /// Until when to wait for answers from now on; the connection is of no more use when one was given up.
    fn wait_until(&mut self, _: Deadline) {}

    /// Whether the kernel's resource manager is behind it.
    fn is_managed_by_kernel(&self) -> bool {
        false
    }

    /// Whether other processes use the TPM's slots between our commands, with nobody to keep us apart.
    fn is_shared(&self) -> bool {
        false
    }

    /// Whether it leads to a simulator, for which no firmware sends TPM2_Startup.
    fn is_simulator(&self) -> bool {
        false
    }

    /// Lets go in a forked child: the connection is still the parent's, so nothing may be sent on it.
    fn forget(self: Box<Self>);
}

/// Opens a connection, again after each loss; it waits for answers until the deadline.
pub type Opener = Box<dyn Fn(Deadline) -> Result<Box<dyn Transport>, Error> + Send + Sync>;

/// What is left of a connection that was given up.
pub(crate) struct Closed;

impl Transport for Closed {
    fn transact(&mut self, _: &[u8], _: &mut Vec<u8>) -> Result<(), Error> {
        Err(Error::lost())
    }

    fn forget(self: Box<Self>) {}
}
