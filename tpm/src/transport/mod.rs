//! Carries commands to a TPM: the kernel's device, a simulator's socket, any other TCTI, or a substitute in tests.

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
    /// Sends one complete command and waits for its answer.
    ///
    /// # Errors
    /// The connection is broken. An error of the TPM itself is in the response.
    fn transact(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), Error>;

    /// Sets the deadline for the following answers. After a timeout the connection is unusable.
    fn wait_until(&mut self, _: Deadline) {}

    /// Returns true if the connection goes through the kernel's resource manager.
    fn is_managed_by_kernel(&self) -> bool {
        false
    }

    /// Returns true if other processes use the TPM's slots between our commands, without a resource manager.
    fn is_shared(&self) -> bool {
        false
    }

    /// Returns true for a simulator, to which no firmware sends TPM2_Startup.
    fn is_simulator(&self) -> bool {
        false
    }

    /// Drops the connection in a forked child. Nothing may be sent, because it still belongs to the parent.
    fn forget(self: Box<Self>);
}

/// Opens a connection, also after each loss. It waits for answers until the deadline.
pub type Opener = Box<dyn Fn(Deadline) -> Result<Box<dyn Transport>, Error> + Send + Sync>;

/// A closed connection.
pub(crate) struct Closed;

impl Transport for Closed {
    fn transact(&mut self, _: &[u8], _: &mut Vec<u8>) -> Result<(), Error> {
        Err(Error::lost())
    }

    fn forget(self: Box<Self>) {}
}
