//! What is known of the files of a folder. A file is read again only if its inode, size or times have changed, and the folder only if its own have.
//!
//! New and removed files change the folder, which is looked at each time. Files that are written in place are looked at once a second: a
//! program may ask for the contents ten times for each key.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::EXTENSIONS;
use crate::contents::{Contents, Fault, certificates};
use crate::error::Error;
use crate::file::{self, Naming, Parsed};
use crate::stamp::Stamp;

/// The time after which files that were written in place are noticed.
const INTERVAL: Duration = Duration::from_secs(1);

/// The files of a folder.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// The folder when its names were read.
    folder: Option<Stamp>,
    /// True if that is too short ago to notice another change.
    unsettled: bool,
    /// When the files were last looked at.
    checked: Option<Instant>,
    files: BTreeMap<OsString, File>,
    contents: Option<Arc<Contents>>,
}

/// A file, as it was read.
#[derive(Debug, Default)]
struct File {
    /// None if it is to be read again at the next look: it could not be read, or was written so shortly before that another change may not show.
    stamp: Option<Stamp>,
    /// SHA-256 of its bytes.
    digest: Option<[u8; 32]>,
    /// None if it is to be read before the next look.
    parsed: Option<Parsed>,
    /// What it contained before this process changed it: its objects keep their numbers.
    before: Option<Parsed>,
}

impl Listing {
    /// Reads what has changed.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(super) fn refresh(
        &mut self,
        path: &Path,
        prefix: Option<&str>,
        found: &Metadata,
    ) -> Result<Arc<Contents>, Error> {
        let names = self.refresh_names(path, Stamp::of(found))?;
        let is_recent = self.checked.is_some_and(|checked| checked.elapsed() < INTERVAL);
        let files = match is_recent && self.files.values().all(|file| file.parsed.is_some()) {
            true => false,
            false => self.refresh_files(path, prefix),
        };
        match &self.contents {
            Some(contents) if !names && !files => Ok(contents.clone()),
            before => {
                let contents = Arc::new(joined(path, &self.files, before.as_deref()));
                self.contents = Some(contents.clone());
                Ok(contents)
            }
        }
    }

    /// Has the files looked at again, also those that were just looked at.
    pub(super) fn look_again(&mut self) {
        self.checked = None;
    }

    /// Marks a file that this process changes: its objects keep their numbers.
    pub(super) fn note_own_change(&mut self, name: &OsStr) {
        if let Some(file) = self.files.get_mut(name) {
            *file = File { before: file.parsed.take(), ..File::default() };
        }
        self.folder = None;
    }

    /// Reads the names if the folder may have changed. Returns true if a file is gone.
    fn refresh_names(&mut self, path: &Path, stamp: Stamp) -> Result<bool, Error> {
        if self.folder == Some(stamp) && !self.unsettled {
            return Ok(false);
        }
        let failed = |source| Error::io("read", path, source);
        let mut names = Vec::new();
        for entry in fs::read_dir(path).map_err(failed)? {
            names.push(entry.map_err(failed)?.file_name());
        }
        names.retain(|name| is_read(name));
        let mut old = std::mem::take(&mut self.files);
        for name in names {
            let file = old.remove(&name).unwrap_or_default();
            self.files.insert(name, file);
        }
        (self.folder, self.unsettled) = (Some(stamp), !stamp.is_settled());
        Ok(!old.is_empty())
    }

    /// Reads the files that have changed. Returns true if there is one.
    fn refresh_files(&mut self, folder: &Path, prefix: Option<&str>) -> bool {
        self.checked = Some(Instant::now());
        let mut changed = false;
        self.files.retain(|name, file| {
            let path = folder.join(name);
            let found = fs::metadata(&path);
            if is_none(&path, &found) {
                changed |= file.parsed.is_some();
                return false;
            }
            changed |= file.refresh(&path, prefix, found);
            true
        });
        changed
    }
}

impl File {
    /// Reads the file if it has changed. Returns true if its contents have.
    fn refresh(&mut self, path: &Path, prefix: Option<&str>, found: io::Result<Metadata>) -> bool {
        let stamp = found.as_ref().ok().map(Stamp::of);
        if self.parsed.is_some() && stamp.is_some() && self.stamp == stamp {
            return false;
        }
        let found = found.map_err(|source| Error::io("read", path, source));
        let bytes = match found.and_then(|_| file::bytes_of(path)) {
            Ok(bytes) => bytes,
            Err(error) => return self.fail(error),
        };
        let digest = Sha256::digest(&*bytes).into();
        self.stamp = stamp.filter(Stamp::is_settled);
        if self.parsed.is_some() && self.digest == Some(digest) {
            return false;
        }
        let label = path.file_stem().unwrap_or_default().to_string_lossy();
        let parsed =
            file::parsed(path, &bytes, Naming { label: &label, prefix }, self.before.take().as_ref());
        (self.digest, self.parsed) = (Some(digest), Some(parsed));
        true
    }

    fn fail(&mut self, error: Error) -> bool {
        let same =
            |parsed: &Parsed| matches!(&parsed.faults[..], [fault] if fault.to_string() == error.to_string());
        if self.digest.is_none() && self.parsed.as_ref().is_some_and(same) {
            return false;
        }
        let parsed = Some(Parsed { faults: vec![error.into()], ..Parsed::default() });
        *self = Self { parsed, ..Self::default() };
        true
    }
}

/// Returns true for a folder, and for a file that was removed meanwhile. A link to nothing is a file that cannot be read.
fn is_none(path: &Path, found: &io::Result<Metadata>) -> bool {
    let is_absent = || fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound);
    found.as_ref().map_or_else(|_| is_absent(), Metadata::is_dir)
}

fn joined(folder: &Path, files: &BTreeMap<OsString, File>, before: Option<&Contents>) -> Contents {
    let read = files.iter().filter_map(|(name, file)| Some((folder.join(name), file.parsed.as_ref()?)));
    let paths: Vec<_> = read.collect();
    let keys: Vec<_> = paths.iter().flat_map(|(_, parsed)| parsed.keys.iter().cloned()).collect();
    let all = paths.iter().map(|(path, parsed)| (path.as_path(), *parsed));
    let certificates = certificates(all, &keys, before);
    let faults = paths.iter().flat_map(|(path, parsed)| {
        parsed.faults.iter().map(|error| Fault { path: Some(path.clone()), error: error.clone() })
    });
    let faults = faults.collect();
    Contents::new(keys, certificates, faults)
}

/// Returns true for the names of files that may hold a key or a certificate. Hidden files are being written; removed ones have another extension.
pub(super) fn is_read(name: &OsStr) -> bool {
    let extension = Path::new(name).extension().and_then(OsStr::to_str);
    let known = |extension: &str| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension));
    extension.is_some_and(known) && !name.as_encoded_bytes().starts_with(b".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Files, key};

    #[test]
    fn a_file_that_was_just_written_is_read_again() {
        let files = Files::new();
        let path = files.write("a.tpm", key(1).to_file().unwrap());
        let mut listing = Listing::default();
        let refresh = |listing: &mut Listing| {
            listing.look_again();
            listing.refresh(files.path(), None, &fs::metadata(files.path()).unwrap()).unwrap()
        };
        let first = refresh(&mut listing);
        assert!(
            listing.files.values().all(|file| file.stamp.is_none()),
            "a change in the same tick is missed"
        );
        assert!(Arc::ptr_eq(&first, &refresh(&mut listing)), "the same bytes are another object");
        fs::write(&path, key(2).to_file().unwrap()).unwrap();
        assert_eq!(*refresh(&mut listing).keys[0].public(), key(2).public);
        std::thread::sleep(Duration::from_millis(200));
        refresh(&mut listing);
        assert!(listing.files.values().all(|file| file.stamp.is_some()), "the file is read for ever");
    }
}
