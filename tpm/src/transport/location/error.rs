//! Why no TPM is reachable, and what to try.

use std::fmt;
use std::io::{self, ErrorKind};

use super::{Location, Source};

/// Why the TPM was not found.
#[derive(Debug)]
pub enum LocationError {
    /// No location is given, and there is no device.
    Nowhere,
    /// A string is not a TCTI string.
    String {
        /// The string.
        string: String,
        /// Where it was given.
        source: Source,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A device path is given instead of a TCTI string.
    BareDevice {
        /// The path.
        path: String,
        /// Where it was given.
        source: Source,
    },
    /// A variable of the IBM stack has an invalid value.
    Value {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// The valid values.
        allowed: &'static str,
    },
    /// A variable is not UTF-8.
    NotText(&'static str),
    /// The path exists, but is not a character device.
    NoDevice(Location),
    /// The device does not open.
    Device {
        /// The device.
        location: Location,
        /// The cause.
        cause: io::Error,
    },
    /// Nothing listens at the socket.
    Socket {
        /// The simulator.
        location: Location,
        /// The cause.
        cause: io::Error,
    },
}

impl LocationError {
    /// Returns what is wrong.
    #[must_use]
    pub fn cause(&self) -> String {
        match self {
            Self::Nowhere => {
                "no TPM found: /dev/tpmrm0 and /dev/tpm0 do not exist, and no other TPM is configured"
                    .to_owned()
            }
            Self::String { string, source, why } => {
                format!("{string:?}, given by {source}, is not a TCTI string: {why}")
            }
            Self::BareDevice { path, source } => format!("{path:?}, given by {source}, is not a TCTI string"),
            Self::Value { name, value, .. } => format!("the environment variable {name} cannot be {value:?}"),
            Self::NotText(name) => format!("the environment variable {name} is not UTF-8"),
            Self::NoDevice(Location { string, source, .. }) => {
                format!("no TPM at {string} (given by {source}): the path is not a device")
            }
            Self::Device { location: Location { string, source, .. }, cause } => {
                format!("no TPM at {string} (given by {source}): {cause}")
            }
            Self::Socket { location: Location { string, source, .. }, cause } => {
                format!("no TPM answers at {string} (given by {source}): {cause}")
            }
        }
    }

    /// Returns what to do next.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::Nowhere => ENABLE_OR_NAME_TPM.to_owned(),
            Self::String { .. } => {
                "write for example device:/dev/tpmrm0 or swtpm:host=127.0.0.1,port=2321".to_owned()
            }
            Self::BareDevice { path, .. } => format!("write device:{path}"),
            Self::Value { allowed, .. } => format!("it may be {allowed}"),
            Self::NotText(_) => "unset it, or set it to a TCTI string".to_owned(),
            Self::NoDevice(_) => "check it with ls -l".to_owned(),
            Self::Socket { cause, .. } if cause.kind() == ErrorKind::PermissionDenied => "the socket, or a folder on its \
                 path, is not accessible for this user: check its mode and group with ls -l"
                .to_owned(),
            Self::Socket { .. } => "check that it runs and that you may use it, or name another one with the parameter tcti or the \
                 variable TPM2_TCTI"
                .to_owned(),
            Self::Device { cause, .. } => match cause.kind() {
                ErrorKind::NotFound => ENABLE_OR_NAME_TPM.to_owned(),
                // open(2) returns EPERM, not EACCES, if the device cgroup forbids the device.
                ErrorKind::PermissionDenied if cause.raw_os_error() == Some(libc::EPERM) => "the service may not use this \
                     device, whatever its groups: set DeviceAllow=/dev/tpmrm0 rw and PrivateDevices=no in its unit"
                    .to_owned(),
                ErrorKind::PermissionDenied => "on most systems it belongs to the group tss: as administrator run \
                     usermod -aG tss USER, and log in again"
                    .to_owned(),
                ErrorKind::ResourceBusy => "another program has opened it, and it allows one at a time: use \
                     device:/dev/tpmrm0, or stop the other"
                    .to_owned(),
                _ => "look for the TPM in the kernel's log (dmesg), or name another one with the parameter tcti or the \
                     variable TPM2_TCTI"
                    .to_owned(),
            },
        }
    }
}

const ENABLE_OR_NAME_TPM: &str = "enable the TPM in the machine's firmware setup, or name another one with the parameter tcti or the \
     variable TPM2_TCTI";

impl fmt::Display for LocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.cause(), self.advice())
    }
}

impl std::error::Error for LocationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Device { cause, .. } | Self::Socket { cause, .. } => Some(cause),
            _ => None,
        }
    }
}
