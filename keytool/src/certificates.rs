//! Reads the certificates in a file: PEM or DER, one or a chain.

use std::path::Path;

use keyfile::{Content, contents};

use crate::error::Error;
use crate::input;

const ADVICE: &str = "give certificates in PEM, each after the one that it has signed, or one in DER";

/// Returns the certificates in a file, in DER, in their order.
///
/// # Errors
/// The file cannot be read, or contains no certificate.
pub(crate) fn read(path: &Path) -> Result<Vec<Vec<u8>>, Error> {
    let found = of(&input::read(path, ADVICE)?);
    match found.is_empty() {
        true => Err(Error::file(path, "it contains no certificate", ADVICE)),
        false => Ok(found),
    }
}

/// Returns the certificates in these bytes, which may be padded, as in an NV index.
pub(crate) fn of(bytes: &[u8]) -> Vec<Vec<u8>> {
    let certificate = |content| match content {
        Content::Certificate(der) => Some(der),
        _ => None,
    };
    contents(bytes).unwrap_or_default().into_iter().filter_map(certificate).collect()
}
