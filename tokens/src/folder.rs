//! A folder of key files and certificates, as a token that can be written.
//!
//! | file | what |
//! |---|---|
//! | `listing` | reads what has changed since the last time |
//! | `write` | new files, each written completely or not at all |
//! | `change` | label, identifier and removal of an object |
//! | `password` | another password for all keys |
//! | `former` | the former files of those keys |

mod change;
mod former;
mod listing;
mod password;
mod write;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{Access, access};

use crate::contents::Contents;
use crate::error::Error;
use listing::Listing;

/// The extensions of the files that are read.
const EXTENSIONS: [&str; 6] = ["tpm", "pem", "crt", "cer", "der", "key"];

/// A folder, and what is known of its files.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    prefix: Option<String>,
    listing: Mutex<Listing>,
}

impl Folder {
    /// Names a folder, which need not exist. `prefix` is the prefix of URIs of persistent keys.
    pub(crate) fn new(path: PathBuf, prefix: Option<String>) -> Self {
        Self { path, prefix, listing: Mutex::default() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns true if this process may write to the folder, or can create it.
    pub(crate) fn is_writable(&self) -> bool {
        // The first of these folders that exists.
        let existing = self.path.ancestors().find(|folder| folder.symlink_metadata().is_ok());
        existing.is_some_and(|folder| {
            folder.is_dir() && access(folder, Access::WRITE_OK.union(Access::EXEC_OK)).is_ok()
        })
    }

    /// Returns the contents. An absent folder is empty.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(crate) fn contents(&self) -> Result<Arc<Contents>, Error> {
        self.listed(&mut self.lock())
    }

    fn listed(&self, listing: &mut Listing) -> Result<Arc<Contents>, Error> {
        match fs::metadata(&self.path) {
            Ok(found) if found.is_dir() => listing.refresh(&self.path, self.prefix.as_deref(), &found),
            Ok(_) => Err(Error::file(
                &self.path,
                "it is not a folder",
                "name a folder, or remove the line folder =",
            )),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                *listing = Listing::default();
                Ok(Arc::default())
            }
            Err(source) => Err(Error::io("read", &self.path, source)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Listing> {
        self.listing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
