//! Reads a whole input file: a private key, public key, certificate, policy or Name. None of them is longer than a megabyte.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::Error;

/// The longest file that is accepted.
const LONGEST: u64 = 1 << 20;

/// Longer than the container of any key that a TPM accepts.
const USUAL: u64 = 1 << 15;

/// Reads the file. The bytes are wiped when dropped.
///
/// # Errors
/// The file cannot be read, or it is too long. `advice` is the hint then.
pub(crate) fn read(path: &Path, advice: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let file = File::open(path).map_err(|source| Error::read(path, source))?;
    // The buffer has room for the whole file, because a growing buffer leaves copies behind. The size of a pipe is unknown.
    let size = file.metadata().map_or(0, |metadata| metadata.len().clamp(USUAL, LONGEST));
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or(0).saturating_add(64)));
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|source| Error::read(path, source))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LONGEST) {
        return Err(Error::file(path, "it is longer than a megabyte", advice));
    }
    Ok(bytes)
}
