//! The former files of keys whose password changes: each has a hidden name beside its key until all are changed. One that is left shows that a
//! change was killed.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Folder;
use super::change::target;
use super::listing::is_read;
use super::write::{TEMPORARY, free, numbered};
use crate::error::Error;
use crate::file;

/// The end of the name of a former file.
const FORMER: &str = ".former";

impl Folder {
    /// Returns the former files that a killed change of the password has left.
    pub(crate) fn former_files(&self) -> Vec<PathBuf> {
        let names = names(self.path());
        let mut found: Vec<_> =
            names.iter().filter(|name| is_former(name)).map(|name| self.path().join(name)).collect();
        let linked = names.iter().map(|name| self.path().join(name)).filter(|path| path.is_symlink());
        found.extend(linked.filter_map(|path| target(&path).ok()).flat_map(|path| formers(&path)));
        found.sort();
        found.dedup();
        found
    }

    /// Removes what a killed process has left, except the former files of these keys. The folder is locked, so no other process needs them.
    pub(super) fn clean(&self, except: &[PathBuf]) {
        let kept: Vec<_> = except.iter().flat_map(|path| formers(path)).collect();
        let left = self.former_files().into_iter().filter(|path| !kept.contains(path));
        let is_temporary = |name: &OsString| name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes());
        let temporary =
            names(self.path()).into_iter().filter(is_temporary).map(|name| self.path().join(name));
        for path in left.chain(temporary) {
            let _ = removed(&path);
        }
    }
}

/// Returns true if a killed process has replaced this file: it differs from its former file.
pub(super) fn is_replaced(path: &Path) -> Result<bool, Error> {
    for former in formers(path) {
        if *file::bytes_of(&former)? != *file::bytes_of(path)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Keeps the file under a hidden name, which is not read as a key.
pub(super) fn backup(path: &Path) -> Result<PathBuf, Error> {
    let backup = free(&hidden(path), FORMER);
    // Not every file system has hard links.
    let kept = fs::hard_link(path, &backup).or_else(|_| copy(path, &backup));
    kept.map(|()| backup.clone()).map_err(|source| Error::io("write", &backup, source))
}

/// Copies a file completely or not at all.
fn copy(path: &Path, backup: &Path) -> io::Result<()> {
    let copied = fs::copy(path, backup).and_then(|_| fs::File::open(backup)?.sync_all());
    copied.inspect_err(|_| drop(removed(backup)))
}

/// Removes a file, which may be absent.
pub(super) fn removed(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Returns the former files of a file.
fn formers(path: &Path) -> Vec<PathBuf> {
    numbered(&hidden(path), FORMER).take_while(|path| path.symlink_metadata().is_ok()).collect()
}

fn hidden(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    path.with_file_name(name)
}

/// Returns true for `.NAME.former`, possibly with a number, if NAME is that of a key.
fn is_former(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let parts = name.strip_prefix('.').and_then(|name| name.rsplit_once(FORMER));
    parts.is_some_and(|(name, number)| {
        let number = number.strip_prefix('-').unwrap_or(number);
        is_read(name.as_ref()) && number.chars().all(|c| c.is_ascii_digit())
    })
}

/// Returns the names in a folder, as far as it can be read.
fn names(folder: &Path) -> Vec<OsString> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Files;

    #[test]
    fn no_part_of_a_copy_is_left() {
        let files = Files::new();
        // It can be opened, but not read.
        let path = Path::new("/proc/self/mem");
        assert!(copy(path, &files.path().join(".mem.former")).is_err());
        assert_eq!(files.names(), [""; 0]);
    }

    #[test]
    fn former_files_are_found_beside_their_keys() {
        let (files, others) = (Files::new(), Files::new());
        let linked = others.write("file", "key");
        std::os::unix::fs::symlink(&linked, files.path().join("link.tpm")).unwrap();
        for name in ["a.tpm", ".a.tpm", "a.tpm.former", ".a.former", ".a.tpm.formerly", ".tpm2-token-x"] {
            files.write(name, "");
        }
        let expected = [
            files.write(".a.tpm.former", ""),
            files.write(".gone.tpm.former-2", ""),
            others.write(".file.former", "other"),
        ];
        let mut expected = expected.to_vec();
        expected.sort();
        let folder = Folder::new(files.path().to_owned(), None);
        assert_eq!(folder.former_files(), expected);
        assert!(is_replaced(&linked).unwrap() && !is_replaced(&files.path().join("a.tpm")).unwrap());
        folder.clean(&[files.path().join("a.tpm")]);
        assert_eq!(folder.former_files(), [files.path().join(".a.tpm.former")]);
        assert_eq!(
            files.names(),
            [".a.former", ".a.tpm", ".a.tpm.former", ".a.tpm.formerly", "a.tpm", "a.tpm.former", "link.tpm"]
        );
    }
}
