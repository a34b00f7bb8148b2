//! A key file that is there: read whole, and refused when it is none.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use keyfile::KeyFile;

use crate::error::Error;

/// Reads `path`.
///
/// # Errors
/// It cannot be read, or is no key file, or a damaged one.
pub(crate) fn read(path: &Path) -> Result<KeyFile, Error> {
    let failed = |source| Error::read(path, source);
    let longest = u64::try_from(KeyFile::MAX_SIZE).unwrap_or(u64::MAX);
    let mut octets = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(longest.saturating_add(1)).read_to_end(&mut octets).map_err(failed)?;
    if octets.len() > KeyFile::MAX_SIZE {
        return Err(Error::request(
            format!("{} is too long for a key file", path.display()),
            "name a key file",
        ));
    }
    KeyFile::parse(&octets).map_err(|source| Error::KeyFile { path: path.to_owned(), source })
}
