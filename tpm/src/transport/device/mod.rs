//! The kernel's devices, without a TCTI. The TCTI of tpm2-tss sends its own command when it opens, allows one second for it, and
//! closes without regard to the time that takes.

mod late;
mod line;

use std::path::Path;

use crate::deadline::Deadline;
use crate::error::Error;
use crate::transport::location::{Location, open_device};
use crate::transport::{Transport, no_tpm_error};
use line::Line;

/// An open device.
pub(crate) struct Device {
    /// None after `forget`.
    line: Option<Line>,
    managed: bool,
    deadline: Deadline,
}

impl Device {
    /// Opens the device at the path. Nothing is sent.
    ///
    /// # Errors
    /// The device does not open, or a late answer to this process does not come by the deadline.
    pub(crate) fn open(path: &Path, location: &Location, deadline: Deadline) -> Result<Self, Error> {
        late::finish(path, deadline)?;
        let file = open_device(path, location).map_err(no_tpm_error)?;
        let line = Line::new(file).map_err(|cause| Error::broken("opening the TPM's device", cause))?;
        let managed = location.is_kernel_resource_manager();
        Ok(Self { line: Some(line), managed, deadline })
    }
}

impl Transport for Device {
    fn transact(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), Error> {
        let line = self.line.as_mut().filter(|line| !line.is_busy()).ok_or_else(Error::lost)?;
        line.send(command).map_err(|cause| Error::broken("sending a command to the TPM", cause))?;
        match line.receive(response, self.deadline) {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.deadline.missed("the TPM has not answered")),
            Err(cause) => Err(Error::broken("waiting for the TPM's answer", cause)),
        }
    }

    fn wait_until(&mut self, deadline: Deadline) {
        self.deadline = deadline;
    }

    fn is_managed_by_kernel(&self) -> bool {
        self.managed
    }

    fn forget(mut self: Box<Self>) {
        // The answer belongs to the parent process.
        self.line = None;
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        if let Some(line) = self.line.take().filter(Line::is_busy) {
            late::keep(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use ::tests::{Swtpm, TerminalDevice};

    use super::*;
    use crate::error::ErrorKind;
    use crate::transport::location::Source;

    fn open(tcti: &str, time: Duration) -> Result<Box<dyn Transport>, Error> {
        crate::transport::open(Some(tcti), Deadline::within(time))
    }

    /// TPM2_GetRandom of `size` bytes, its only parameter.
    fn random(size: u8) -> [u8; 12] {
        [0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, size]
    }

    #[test]
    fn a_late_answer_is_discarded_before_the_next_command() {
        const SHORT: Duration = Duration::from_millis(100);
        let tpm = Swtpm::start();
        let device = TerminalDevice::start(&tpm);
        let mut response = Vec::new();
        let mut transport = open(&device.tcti(), SHORT).unwrap();
        transport.transact(&random(4), &mut response).unwrap();
        assert_eq!((response.len(), device.commands()), (12 + 4, 1));

        device.pause(true);
        transport.wait_until(Deadline::within(SHORT));
        let error = transport.transact(&random(5), &mut response).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        let error = transport.transact(&random(6), &mut response).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "an answer is outstanding: {error}");
        drop(transport);
        let start = Instant::now();
        let error = open(&device.tcti(), SHORT).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        assert!(
            start.elapsed() >= SHORT && start.elapsed() < Duration::from_secs(5),
            "{:?}",
            start.elapsed()
        );

        device.pause(false);
        let mut transport = open(&device.tcti(), Duration::from_secs(30)).unwrap();
        transport.transact(&random(7), &mut response).unwrap();
        assert_eq!((response.len(), device.commands()), (12 + 7, 3), "{response:02x?}");
    }

    #[test]
    fn a_device_without_answer_is_an_error() {
        let location = Location::parse("device:/dev/null", Source::Explicit).unwrap();
        let mut device = Device::open("/dev/null".as_ref(), &location, Deadline::NEVER).unwrap();
        for _ in 0..2 {
            let error = device.transact(&random(4), &mut Vec::new()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io, "{error}");
            assert!(error.to_string().contains("no answer"), "{error}");
        }
    }
}
