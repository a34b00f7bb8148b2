//! Why there is no TPM to talk to, and what to try.

use std::fmt;
use std::io::{self, ErrorKind};

use super::{Location, Source};

/// Why the TPM was not found.
#[derive(Debug)]
pub enum LocationError {
    /// Nobody said where it is, and there is no device.
    Nowhere,
    /// A TCTI string is none.
    String {
        /// The string.
        string: String,
        /// Who gave it.
        source: Source,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A device's path stands where a TCTI string should.
    BareDevice {
        /// The path.
        path: String,
        /// Who gave it.
        source: Source,
    },
    /// A variable of the IBM stack has a value that it cannot have.
    Value {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// A variable is not UTF-8.
    NotText(&'static str),
    /// The path is there, but is not a character device.
    NoDevice(Location),
    /// The device does not open.
    Device {
        /// The device.
        location: Location,
        /// Why.
        cause: io::Error,
    },
}

impl fmt::Display for LocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere => f.write_str(
                "no TPM found: there is neither /dev/tpmrm0 nor /dev/tpm0, and nothing names another; enable the TPM in the machine's \
                 firmware setup, or name one with the parameter tcti or the variable TPM2_TCTI",
            ),
            Self::String { string, source, why } => write!(
                f,
                "{string:?}, given by {source}, is no TCTI string: {why}; write for example device:/dev/tpmrm0 or swtpm:host=127.0.0.1,port=2321"
            ),
            Self::BareDevice { path, source } => {
                write!(f, "{path:?}, given by {source}, is no TCTI string: write device:{path}")
            }
            Self::Value { name, value, allowed } => {
                write!(f, "the environment variable {name} is {value:?}: it may be {allowed}")
            }
            Self::NotText(name) => write!(f, "the environment variable {name} is not UTF-8: unset it, or set it to a TCTI string"),
            Self::NoDevice(Location { string, source, .. }) => {
                write!(f, "no TPM at {string} (given by {source}): the path is not a device; look at it with ls -l")
            }
            Self::Device { location: Location { string, source, .. }, cause } => {
                write!(f, "no TPM at {string} (given by {source}): {cause}; {}", advice(cause))
            }
        }
    }
}

fn advice(cause: &io::Error) -> &'static str {
    match cause.kind() {
        ErrorKind::NotFound => {
            "enable the TPM in the machine's firmware setup, or name another one with the parameter tcti or the variable TPM2_TCTI"
        }
        ErrorKind::PermissionDenied => {
            "it belongs to the group tss on most systems: let the administrator run usermod -aG tss USER, and log in again"
        }
        ErrorKind::ResourceBusy => {
            "another program has opened it, and it takes one at a time: use device:/dev/tpmrm0, or stop the other"
        }
        _ => {
            "look for the TPM in the kernel's log (dmesg), or name another one with the parameter tcti or the variable TPM2_TCTI"
        }
    }
}

impl std::error::Error for LocationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Device { cause, .. } => Some(cause),
            _ => None,
        }
    }
}
