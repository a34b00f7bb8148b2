//! Configuration: the crate `tpm` reads settings from the provider's section of openssl.cnf and from the
//! environment.

use std::ffi::CString;
use std::path::Path;

use tpm::Auth;
use tpm::config::{self, Lookup};

use crate::error::{Error, Reason, Result};
use crate::provider::Provider;

impl Lookup for Provider {
    fn section(&self, name: &str) -> Option<Vec<u8>> {
        self.core().parameter(&CString::new(name).ok()?)
    }
}

/// Reads a password from a source, written as for `pin-source`. Messages never show the password.
///
/// # Errors
/// `Parameter`: the source is unknown or cannot be read; the message contains `name`.
pub(crate) fn password_from(name: &str, source: &str) -> Result<Vec<u8>> {
    let wrong = |fault| Error::new(Reason::Parameter, format!("the value of {name} {fault}"));
    config::password(source).map_err(wrong)
}

/// Reads a password from the first line of a file.
///
/// # Errors
/// `File`: the file cannot be read.
pub(crate) fn password_in(path: &Path) -> Result<Auth> {
    let line = config::first_line(path).map_err(|error| {
        let text = format!("the password file {} cannot be read", path.display());
        Error::new(Reason::File, text).with_source(error).with_hint("check its path and permissions")
    })?;
    Ok(Auth::new(line))
}
