//! Checks that this process can read a file, and finds the folder or file whose permissions prevent it.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// The number of symbolic links that are followed, as in the kernel (path_resolution(7)).
const LINKS: usize = 40;

/// Checks that the file can be opened. Do not use it before reading the file, because a pipe can be opened only once.
///
/// # Errors
/// The file cannot be opened. The error names the folder or file that prevents it.
pub(crate) fn check(path: &Path) -> Result<(), Error> {
    File::open(path).map(drop).map_err(|error| explained(Error::read(path, error)))
}

/// Adds the folder or file that prevents the access to an error about missing permission.
pub(crate) fn explained(error: Error) -> Error {
    match error {
        Error::Read { path, source } if source.kind() == ErrorKind::PermissionDenied => denied(&path, source),
        other => other,
    }
}

/// Explains which permission is missing.
fn denied(path: &Path, error: io::Error) -> Error {
    match closed_folder(path, LINKS) {
        Some(folder) => Error::file(
            path,
            format!("this user may not enter the folder {}{}", folder.display(), mode(&folder)),
            format!(
                "let this user enter it (chmod o+x {0}, or chgrp and chmod g+x), or move the file",
                folder.display()
            ),
        ),
        None => Error::file(
            path,
            format!("this user may not read it ({error}){}", mode(path)),
            "let this user or one of its groups read it (chgrp and chmod g+r)",
        ),
    }
}

/// Returns the first folder of the path that this process may not search.
fn closed_folder(path: &Path, links: usize) -> Option<PathBuf> {
    let mut here = PathBuf::new();
    for part in path.components() {
        let folder = here.clone();
        here.push(part);
        match fs::symlink_metadata(&here) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return Some(folder),
            Ok(found) if found.is_symlink() => {
                let target = folder.join(fs::read_link(&here).ok()?);
                if let Some(closed) = links.checked_sub(1).and_then(|links| closed_folder(&target, links)) {
                    return Some(closed);
                }
            }
            _ => {}
        }
    }
    None
}

/// Returns ` (mode 0700, user 0, group 0)`, or nothing if that cannot be read.
fn mode(path: &Path) -> String {
    let text = |found: fs::Metadata| {
        format!(" (mode {:04o}, user {}, group {})", found.mode() & 0o7777, found.uid(), found.gid())
    };
    fs::metadata(path).map(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readable_file_passes_and_missing_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, "key").unwrap();
        check(&path).unwrap();
        let error = check(&folder.path().join("no/such/key")).unwrap_err();
        assert!(error.to_string().contains("no/such/key"), "{error}");
        assert_eq!(closed_folder(&path, LINKS), None);
    }
}
