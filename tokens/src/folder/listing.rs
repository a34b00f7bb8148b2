//! What is known of the files of a folder. A file is read again only if its inode, size or times have changed, and the folder only if its own have.
//!
//! New and removed files change the folder, which is looked at each time. Files that are written in place are looked at once a second: a
//! program may ask for the contents ten times for each key.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
#[derive(Debug)]
struct File {
    /// None if it could not be read, or is to be read again.
    stamp: Option<Stamp>,
    parsed: Parsed,
    /// True if its objects keep their numbers although it has changed.
    is_own_change: bool,
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
        let files = match is_recent && self.files.values().all(|file| file.stamp.is_some()) {
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
            (file.stamp, file.is_own_change) = (None, true);
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
        let known = self.files.len();
        let mut old = std::mem::take(&mut self.files);
        for name in names {
            let file = old.remove(&name).unwrap_or_else(File::unread);
            self.files.insert(name, file);
        }
        let kept = self.files.values().filter(|file| file.stamp.is_some()).count();
        (self.folder, self.unsettled) = (Some(stamp), !stamp.is_settled());
        Ok(kept != known)
    }

    /// Reads the files that have changed. Returns true if there is one.
    fn refresh_files(&mut self, path: &Path, prefix: Option<&str>) -> bool {
        self.checked = Some(Instant::now());
        let mut changed = false;
        self.files.retain(|name, file| {
            let path = path.join(name);
            let found = match fs::metadata(&path) {
                Ok(found) if found.is_file() => Stamp::of(&found),
                // It was removed meanwhile, is a folder, or a link to nothing.
                _ => {
                    changed |= file.stamp.is_some();
                    return false;
                }
            };
            if file.stamp == Some(found) {
                return true;
            }
            changed = true;
            let label = path.file_stem().unwrap_or_default().to_string_lossy();
            let before = file.is_own_change.then_some(&file.parsed);
            let parsed = file::read(&path, Naming { label: &label, prefix }, before);
            let parsed =
                parsed.unwrap_or_else(|error| Parsed { faults: vec![error.into()], ..Parsed::default() });
            *file = File { stamp: Some(found), parsed, is_own_change: false };
            true
        });
        changed
    }
}

impl File {
    fn unread() -> Self {
        Self { stamp: None, parsed: Parsed::default(), is_own_change: false }
    }
}

fn joined(folder: &Path, files: &BTreeMap<OsString, File>, before: Option<&Contents>) -> Contents {
    let paths: Vec<_> = files.iter().map(|(name, file)| (folder.join(name), &file.parsed)).collect();
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
