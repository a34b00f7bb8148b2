//! A file that is read whole: private keys, public keys, policies. None of them is longer than a megabyte.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::Error;

/// Nothing that this program reads is longer; what is, is something else.
const LONGEST: u64 = 1 << 20;

/// The file's octets, wiped when dropped.
///
/// # Errors
/// It cannot be read, or it is too long; `advice` says what it should be.
pub(crate) fn read(path: &Path, advice: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let file = File::open(path).map_err(|source| Error::read(path, source))?;
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let size = file.metadata().map_or(0, |metadata| metadata.len().min(LONGEST));
    let mut octets =
        Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or(0).saturating_add(64)));
    file.take(LONGEST + 1).read_to_end(&mut octets).map_err(|source| Error::read(path, source))?;
    if u64::try_from(octets.len()).is_ok_and(|length| length > LONGEST) {
        return Err(Error::file(path, "it is longer than a megabyte", advice));
    }
    Ok(octets)
}
