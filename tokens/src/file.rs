//! What one file contains: keys and certificates, and what is wrong with the rest.

mod block;
mod content;

use std::path::Path;
use std::sync::Arc;

use keyfile::KeyFile;
use zeroize::Zeroizing;

use crate::certificate::Parts;
use crate::error::Error;
use crate::key::TokenKey;
use crate::notes::Notes;
pub(crate) use block::{Block, blocks, is_der};
pub(crate) use content::{is_parent, key_of};

/// The contents of a file.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub(crate) keys: Vec<Arc<TokenKey>>,
    pub(crate) certificates: Vec<Found>,
    /// The public keys in it.
    pub(crate) public: Vec<Vec<u8>>,
    pub(crate) faults: Vec<Arc<Error>>,
}

/// A certificate in a file, before its key is known.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) number: u64,
    pub(crate) label: Option<String>,
    pub(crate) der: Vec<u8>,
    pub(crate) parts: Parts,
    /// The public key in the form in which keys are compared; the bytes of the certificate if the type of the key is unknown.
    pub(crate) spki: Vec<u8>,
    /// The identifier that NSS computes from the public key.
    pub(crate) id: Vec<u8>,
}

/// How a key is described if its file does not do so.
#[derive(Clone, Copy)]
pub(crate) struct Naming<'a> {
    /// The label if the file has none.
    pub(crate) label: &'a str,
    /// The prefix of URIs of persistent keys.
    pub(crate) prefix: Option<&'a str>,
}

/// Reads a file.
///
/// # Errors
/// The file cannot be read. Contents that cannot be used are faults of the result.
pub(crate) fn read(path: &Path, naming: Naming<'_>) -> Result<Parsed, Error> {
    Ok(parsed(path, &bytes_of(path)?, naming, None))
}

/// Returns what the bytes of a file contain. `before` is what it contained earlier: an object that has not changed keeps its number.
pub(crate) fn parsed(path: &Path, bytes: &[u8], naming: Naming<'_>, before: Option<&Parsed>) -> Parsed {
    let mut parsed = content::parsed(path, bytes, naming);
    if let Some(before) = before {
        parsed.keep_numbers(before);
    }
    parsed
}

/// Returns the bytes of a regular file, up to the size of the largest key file.
///
/// # Errors
/// The file cannot be read, is larger, or is a pipe or a device.
pub(crate) fn bytes_of(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    tpm::input::read_regular(path, KeyFile::MAX_SIZE).map_err(|source| Error::io("read", path, source))
}

impl Parsed {
    /// Gives objects the numbers that they had. An object is the same if its public key, or its certificate, is; but of several keys with the
    /// same public key, those that have not changed at all are found first.
    fn keep_numbers(&mut self, before: &Self) {
        let mut old: Vec<&TokenKey> = before.keys.iter().map(|key| &**key).collect();
        let mut number_of = |is_same: &dyn Fn(&TokenKey) -> bool| {
            let at = old.iter().position(|old| is_same(old))?;
            Some(old.remove(at).number)
        };
        let unchanged: Vec<_> = self.keys.iter().map(|key| number_of(&|old| key.is_unchanged(old))).collect();
        for (key, number) in self.keys.iter_mut().filter_map(Arc::get_mut).zip(unchanged) {
            if let Some(number) = number.or_else(|| number_of(&|old| key.spki == old.spki)) {
                key.number = number;
            }
        }
        for certificate in &mut self.certificates {
            if let Some(old) = before.certificates.iter().find(|old| old.der == certificate.der) {
                certificate.number = old.number;
            }
        }
    }
}

/// Returns true if a file contains one object only. A block that cannot be used is one, too.
pub(crate) fn is_single(bytes: &[u8]) -> bool {
    let count = |bytes| keyfile::contents(bytes).map_or(1, |found| found.len());
    let parts = match is_der(bytes) {
        true => vec![count(bytes)],
        false => blocks(bytes).iter().map(|block| count(part(bytes, block))).collect(),
    };
    matches!(parts[..], [1])
}

/// Returns the bytes of a block.
pub(crate) fn part<'a>(bytes: &'a [u8], block: &Block) -> &'a [u8] {
    bytes.get(block.range.clone()).unwrap_or_default()
}

/// Returns the notes before the block of a key.
pub(crate) fn notes_before<'a>(bytes: &'a [u8], block: &Block) -> (Notes, &'a [u8]) {
    let text = bytes.get(block.text.clone()).unwrap_or_default();
    (Notes::read(text), text)
}
