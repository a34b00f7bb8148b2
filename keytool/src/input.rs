//! A file that is read whole: private keys, public keys, certificates, policies, Names. None of them is longer than a megabyte.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::Error;

/// Nothing that this program reads is longer; what is, is something else.
const LONGEST: u64 = 1 << 20;

/// Longer than the containers of the longest keys that a TPM takes.
const USUAL: u64 = 1 << 15;

/// The file's bytes, wiped when dropped.
///
/// # Errors
/// It cannot be read, or it is too long; `advice` says what it should be.
pub(crate) fn read(path: &Path, advice: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let file = File::open(path).map_err(|source| Error::read(path, source))?;
    // Room for all of it at once: a buffer that grows leaves copies behind. A pipe does not tell its size.
    let size = file.metadata().map_or(0, |metadata| metadata.len().clamp(USUAL, LONGEST));
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or(0).saturating_add(64)));
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|source| Error::read(path, source))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LONGEST) {
        return Err(Error::file(path, "it is longer than a megabyte", advice));
    }
    Ok(bytes)
}
