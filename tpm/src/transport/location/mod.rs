//! The location of the TPM: the first TCTI string that is given, or the kernel's device.

mod device;
mod error;
mod kind;
mod socket;
mod source;

use std::ffi::OsString;
use std::path::Path;

use crate::deadline::Deadline;
pub(crate) use device::open as open_device;
pub use error::LocationError;
pub use kind::Kind;
pub(crate) use socket::Address;
pub use source::Source;

/// The devices to try if no location is given, the one with a resource manager first.
const DEVICES: [&str; 2] = ["/dev/tpmrm0", "/dev/tpm0"];

/// The location of a TPM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The string for the TCTI loader of tpm2-tss; never empty.
    pub string: String,
    /// Where it was given.
    pub source: Source,
    /// How the TPM is reached.
    pub kind: Kind,
}

impl Location {
    /// Finds the TPM: from `explicit` (the provider's parameter or the tool's option), otherwise the variables of [`Source`] in their
    /// order, otherwise the devices. `environment` looks up a variable as secure_getenv(3) does, because a TCTI string may name a
    /// command or a library to run.
    ///
    /// # Errors
    /// The first string that is given is invalid, or none is given and there is no device.
    pub fn find(
        explicit: Option<&str>,
        environment: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, LocationError> {
        find_with_devices(explicit, environment, &DEVICES.map(Path::new))
    }

    /// Parses a TCTI string.
    ///
    /// # Errors
    /// It is empty, contains a zero byte, or names no TCTI.
    pub fn parse(string: &str, source: Source) -> Result<Self, LocationError> {
        parse_with_devices(string, source, &DEVICES.map(Path::new))
    }

    /// Opens a socket once and closes it again, so that this crate reports errors: tpm2-tss prints a message at each failed open.
    /// Other kinds are not tried.
    ///
    /// # Errors
    /// Nothing listens at the socket, or it does not accept by the deadline.
    pub(crate) fn check(&self, deadline: Deadline) -> Result<(), LocationError> {
        match &self.kind {
            Kind::Swtpm | Kind::Mssim => socket::connect_once(self, deadline),
            _ => Ok(()),
        }
    }

    /// Returns true if the device's name shows the kernel's resource manager.
    #[must_use]
    pub fn is_kernel_resource_manager(&self) -> bool {
        matches!(&self.kind, Kind::Device(path) if device::is_managed(path))
    }
}

fn find_with_devices(
    explicit: Option<&str>,
    environment: &dyn Fn(&str) -> Option<OsString>,
    devices: &[&Path],
) -> Result<Location, LocationError> {
    match source::first(explicit, environment)? {
        Some((string, source)) => parse_with_devices(&string, source, devices),
        None => default_device(Source::Default, devices),
    }
}

fn parse_with_devices(string: &str, source: Source, devices: &[&Path]) -> Result<Location, LocationError> {
    match kind::parse(string, source)? {
        // tcti-device would try the devices, too, and print messages.
        Kind::Device(path) if path.as_os_str().is_empty() => default_device(source, devices),
        kind => Ok(Location { string: string.to_owned(), source, kind }),
    }
}

fn default_device(source: Source, devices: &[&Path]) -> Result<Location, LocationError> {
    let path = devices.iter().find(|path| path.exists()).ok_or(LocationError::Nowhere)?;
    Ok(Location {
        string: format!("device:{}", path.display()),
        source,
        kind: Kind::Device(path.to_path_buf()),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Returns what a process with these variables finds on a machine whose only device is /dev/null.
    fn find(explicit: Option<&str>, variables: &[(&str, &str)]) -> Result<Location, LocationError> {
        let variables: BTreeMap<_, _> = variables.iter().copied().collect();
        let environment = |name: &str| variables.get(name).map(OsString::from);
        find_with_devices(explicit, &environment, &["/nonexistent".as_ref(), "/dev/null".as_ref()])
    }

    #[test]
    fn the_first_source_that_is_set_is_used() {
        let mut variables = vec![
            ("TPM2_TCTI", "mssim:port=1"),
            ("TPM2OPENSSL_TCTI", "mssim:port=2"),
            ("TPM2TOOLS_TCTI", "mssim:port=3"),
            ("TCTI", "mssim:port=4"),
            ("TPM_INTERFACE_TYPE", "socsim"),
        ];
        let found = find(Some("mssim:port=0"), &variables).unwrap();
        assert_eq!((found.string.as_str(), found.source), ("mssim:port=0", Source::Explicit));
        for port in 1..=4 {
            let found = find(None, &variables).unwrap();
            assert_eq!(found.string, format!("mssim:port={port}"));
            assert_eq!(found.source, Source::Variable(variables.remove(0).0));
        }
        assert_eq!(find(None, &variables).unwrap().string, "mssim:host=localhost,port=2321");
        let found = find(None, &[]).unwrap();
        assert_eq!((found.string.as_str(), found.source), ("device:/dev/null", Source::Default));
        assert_eq!(find(None, &[("TCTI", "device")]).unwrap().string, "device:/dev/null");
    }

    #[test]
    fn ibm_variables_name_a_device_or_a_simulator() {
        for (variables, string) in [
            (vec![("TPM_INTERFACE_TYPE", "dev"), ("TPM_DEVICE", "/dev/tpm7")], "device:/dev/tpm7"),
            (vec![("TPM_INTERFACE_TYPE", "dev")], "device:/dev/null"),
            (
                vec![
                    ("TPM_INTERFACE_TYPE", "socsim"),
                    ("TPM_SERVER_NAME", "127.0.0.1"),
                    ("TPM_COMMAND_PORT", "4000"),
                ],
                "mssim:host=127.0.0.1,port=4000",
            ),
            (
                vec![("TPM_INTERFACE_TYPE", "socsim"), ("TPM_SERVER_TYPE", "raw")],
                "swtpm:host=localhost,port=2321",
            ),
        ] {
            let found = find(None, &variables).unwrap();
            assert_eq!(
                (found.string.as_str(), found.source),
                (string, Source::Variable("TPM_INTERFACE_TYPE"))
            );
        }
        let error = find(None, &[("TPM_INTERFACE_TYPE", "usb")]).unwrap_err().to_string();
        assert!(error.contains("TPM_INTERFACE_TYPE") && error.contains("\"usb\""), "{error}");
        let port = [("TPM_INTERFACE_TYPE", "socsim"), ("TPM_COMMAND_PORT", "23:21")];
        let error = find(None, &port).unwrap_err().to_string();
        assert!(error.contains("TPM_COMMAND_PORT") && error.contains("\"23:21\""), "{error}");
    }

    #[test]
    fn invalid_tcti_strings_are_reported_with_their_source() {
        for (string, word) in [
            ("", "empty"),
            ("device:/dev/tpm\0rm0", "zero byte"),
            ("tpmrm0", "tpmrm0"),
            ("swtmp:port=1", "swtmp"),
            (":port=1", "port=1"),
            ("/dev/tpmrm0", "device:/dev/tpmrm0"),
            ("cmd:", "command"),
        ] {
            let error = find(Some(string), &[]).unwrap_err().to_string();
            assert!(error.contains(word), "{string:?}: {error}");
            let error = find(None, &[("TPM2TOOLS_TCTI", string)]).unwrap_err().to_string();
            assert!(error.contains("TPM2TOOLS_TCTI"), "{string:?}: {error}");
        }
    }

    #[test]
    fn a_variable_that_is_not_utf8_is_an_error() {
        use std::os::unix::ffi::OsStringExt;
        let environment = |name: &str| (name == "TCTI").then(|| OsString::from_vec(vec![0xff, 0xfe]));
        let error = find_with_devices(None, &environment, &[]).unwrap_err().to_string();
        assert!(error.contains("TCTI"), "{error}");
    }

    #[test]
    fn without_a_tpm_the_error_names_the_devices_and_a_hint() {
        let error = find_with_devices(None, &|_| None, &["/nonexistent".as_ref()]).unwrap_err().to_string();
        for word in ["TPM2_TCTI", "/dev/tpmrm0", "/dev/tpm0", "firmware"] {
            assert!(error.contains(word), "{word}: {error}");
        }
    }
}
