//! The kernel's devices: recognizes a resource manager, and opens a device.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::{Location, LocationError};

/// Returns true if this device has the kernel's resource manager, also under another name.
pub(super) fn is_managed(path: &Path) -> bool {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("tpmrm"))
}

/// Opens the device non-blocking for reading and writing. Nothing is sent.
pub(crate) fn open(path: &Path, location: &Location) -> Result<File, LocationError> {
    let failed = |cause: io::Error| LocationError::Device { location: location.clone(), cause };
    // Opening a FIFO or a terminal could have side effects.
    if !fs::metadata(path).map_err(failed)?.file_type().is_char_device() {
        return Err(LocationError::NoDevice(location.clone()));
    }
    // The substitute for a device in tests may be a terminal.
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    OpenOptions::new().read(true).write(true).custom_flags(flags).open(path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::location::{Kind, Source};

    fn at(path: &str) -> Location {
        Location {
            string: format!("device:{path}"),
            source: Source::Explicit,
            kind: Kind::Device(path.into()),
        }
    }

    fn opened(path: &str) -> Result<File, LocationError> {
        open(path.as_ref(), &at(path))
    }

    #[test]
    fn opening_a_device_prints_nothing() {
        opened("/dev/null").unwrap();
    }

    #[test]
    fn device_errors_name_the_string_and_a_hint() {
        for (path, words) in [
            ("/dev/nonexistent", ["device:/dev/nonexistent", "No such file", "firmware"]),
            ("/etc/passwd", ["device:/etc/passwd", "not a device", "ls -l"]),
            ("/dev/tty", ["device:/dev/tty", "os error 6", "TPM2_TCTI"]),
        ] {
            // /dev/tty opens if the test has a terminal.
            let Err(error) = opened(path) else { continue };
            let text = error.to_string();
            assert!(words.iter().all(|word| text.contains(word)), "{path}: {text}");
        }
        assert!(opened("/dev/nonexistent").is_err());
        assert!(opened("/etc/passwd").is_err());
    }

    #[test]
    fn permission_and_busy_errors_have_their_own_hints() {
        for (path, code, words) in [
            ("/dev/tpmrm0", 13, ["device:/dev/tpmrm0", "Permission denied", "group tss", "usermod -aG tss"]),
            (
                "/dev/tpmrm0",
                1,
                ["device:/dev/tpmrm0", "not permitted", "DeviceAllow=/dev/tpmrm0 rw", "PrivateDevices=no"],
            ),
            ("/dev/tpm0", 16, ["device:/dev/tpm0", "busy", "another program", "/dev/tpmrm0"]),
        ] {
            let cause = io::Error::from_raw_os_error(code);
            let text = LocationError::Device { location: at(path), cause }.to_string();
            assert!(words.iter().all(|word| text.contains(word)), "{text}");
        }
    }

    #[test]
    fn the_kernel_resource_manager_is_recognized_by_its_device_name() {
        assert!(at("/dev/tpmrm0").is_kernel_resource_manager());
        assert!(at("/dev/tpmrm12").is_kernel_resource_manager());
        assert!(!at("/dev/tpm0").is_kernel_resource_manager());
        let mssim = Location { kind: Kind::Mssim, ..at("/dev/tpmrm0") };
        assert!(!mssim.is_kernel_resource_manager());
    }
}
