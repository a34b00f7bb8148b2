//! The TCTI: how octets reach a TPM and come back, by whatever way a TCTI string of tpm2-tss names.

mod descriptors;

use std::ffi::CString;

use crate::error::{Error, ErrorKind};
use crate::ffi;
use crate::transport::Transport;
use crate::transport::location::{Kind, Location};
use descriptors::Watch;

/// One open TCTI; finalized when dropped.
pub(crate) struct Tcti {
    context: ffi::Context,
    kind: Kind,
    managed: bool,
}

impl Tcti {
    /// Opens the TPM at a place.
    pub(crate) fn open(location: &Location) -> Result<Self, Error> {
        let Location { string, kind, .. } = location;
        let text = CString::new(string.as_str())
            .map_err(|_| Error::new(ErrorKind::Input, "a TCTI string cannot hold a zero octet"))?;
        let watch = Watch::before(kind);
        let context = ffi::Context::open(&text).map_err(|code| no_tpm(location, code))?;
        watch.close_on_exec(&context.descriptors(), location);
        Ok(Self { context, kind: kind.clone(), managed: location.is_kernel_resource_manager() })
    }
}

impl Transport for Tcti {
    fn transact(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), Error> {
        self.context.transmit(command).map_err(|code| Error::io("sending a command to the TPM", code))?;
        if self.kind == Kind::Swtpm {
            // Connected anew for this command.
            descriptors::close_on_exec(&self.context.descriptors());
        }
        self.context.receive(response).map_err(|code| Error::io("waiting for the TPM's answer", code))
    }

    fn is_managed_by_kernel(&self) -> bool {
        self.managed
    }

    fn is_shared(&self) -> bool {
        self.kind == Kind::Swtpm
    }

    fn is_simulator(&self) -> bool {
        matches!(self.kind, Kind::Swtpm | Kind::Mssim)
    }

    fn forget(self: Box<Self>) {
        // A device is closed without a word. Any other finalizer might speak on a channel that is still the parent's.
        match self.kind {
            Kind::Device(_) => drop(self),
            _ => std::mem::forget(self),
        }
    }
}

fn no_tpm(location: &Location, code: u32) -> Error {
    let Location { string, source, .. } = location;
    Error::new(ErrorKind::NoTpm, format!("no TPM answers at {string} (given by {source})"))
        .answer(code)
        .advise("see that it runs and that you may use it, or name another with the parameter tcti or the variable TPM2_TCTI")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::location::Source;

    #[test]
    fn a_closed_port_is_no_tpm() {
        let location = Location::parse("swtpm:host=127.0.0.1,port=1", Source::Explicit).unwrap();
        let error = Tcti::open(&location).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::NoTpm);
        assert!(error.to_string().contains("port=1"), "{error}");
    }
}
