//! The sources of the TPM's location: a parameter, or an environment variable of this or another tool.

use std::ffi::OsString;
use std::fmt;

use super::LocationError;

/// Where the location was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The `tcti` parameter of the provider, or the option of the tool.
    Explicit,
    /// This environment variable.
    Variable(&'static str),
    /// Nowhere: the first existing device is used.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Explicit => f.write_str("the parameter tcti"),
            Self::Variable(name) => write!(f, "the environment variable {name}"),
            Self::Default => f.write_str("the default"),
        }
    }
}

/// Variables with a TCTI string: ours, then those of tpm2-openssl, tpm2-tools and older tools.
pub(super) const VARIABLES: [&str; 4] = ["TPM2_TCTI", "TPM2OPENSSL_TCTI", "TPM2TOOLS_TCTI", "TCTI"];

/// The variable of the IBM stack that selects a device or a simulator.
const IBM: &str = "TPM_INTERFACE_TYPE";

type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Returns the first string that is given, valid or not.
pub(super) fn first(
    explicit: Option<&str>,
    environment: Environment<'_>,
) -> Result<Option<(String, Source)>, LocationError> {
    if let Some(string) = explicit {
        return Ok(Some((string.to_owned(), Source::Explicit)));
    }
    for name in VARIABLES {
        if let Some(string) = variable(environment, name)? {
            return Ok(Some((string, Source::Variable(name))));
        }
    }
    Ok(ibm(environment)?.map(|string| (string, Source::Variable(IBM))))
}

/// Returns the location from the variables of the IBM stack, with its defaults.
fn ibm(environment: Environment<'_>) -> Result<Option<String>, LocationError> {
    let or = |name, default: &str| Ok(variable(environment, name)?.unwrap_or_else(|| default.to_owned()));
    let refuse = |name, value, allowed| Err(LocationError::Value { name, value, allowed });
    match variable(environment, IBM)?.as_deref() {
        None => Ok(None),
        Some("dev") => Ok(Some(format!("device:{}", or("TPM_DEVICE", "")?))),
        Some("socsim") => {
            let framing = match or("TPM_SERVER_TYPE", "mssim")?.as_str() {
                "mssim" => "mssim",
                "raw" | "rawsingle" => "swtpm",
                other => return refuse("TPM_SERVER_TYPE", other.to_owned(), "mssim, raw or rawsingle"),
            };
            let (host, port) = (or("TPM_SERVER_NAME", "localhost")?, or("TPM_COMMAND_PORT", "2321")?);
            // A comma would start another setting of the TCTI.
            if host.is_empty() || host.contains(',') {
                return refuse("TPM_SERVER_NAME", host, "the name or address of a host");
            }
            if port.parse::<u16>().is_err() {
                return refuse("TPM_COMMAND_PORT", port, "a port number");
            }
            Ok(Some(format!("{framing}:host={host},port={port}")))
        }
        Some(other) => refuse(IBM, other.to_owned(), "dev or socsim"),
    }
}

fn variable(environment: Environment<'_>, name: &'static str) -> Result<Option<String>, LocationError> {
    environment(name).map(|value| value.into_string().map_err(|_| LocationError::NotText(name))).transpose()
}
