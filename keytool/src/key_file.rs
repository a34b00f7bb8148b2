//! A key file that is there: read whole, and refused when it is none.

use std::path::Path;

use keyfile::KeyFile;

use crate::error::Error;
use crate::input;

/// Reads `path`.
///
/// # Errors
/// It cannot be read, or is no key file, or a damaged one.
pub(crate) fn read(path: &Path) -> Result<KeyFile, Error> {
    let octets = input::read(path, "name a key file")?;
    KeyFile::parse(&octets).map_err(|source| Error::KeyFile { path: path.to_owned(), source })
}
