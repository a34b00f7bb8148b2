//! Whether this process may read a file: which folder on its way, or the file itself, is closed.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// So many symbolic links are followed, as by the kernel (path_resolution(7)).
const LINKS: usize = 40;

/// Makes certain that the file opens. Not for what is read afterwards: a pipe opens once.
///
/// # Errors
/// It does not; the error names what is in the way.
pub(crate) fn check(path: &Path) -> Result<(), Error> {
    File::open(path).map(drop).map_err(|error| explained(Error::read(path, error)))
}

/// Names what is in the way, if a file could not be read for lack of permission.
pub(crate) fn explained(error: Error) -> Error {
    match error {
        Error::Read { path, source } if source.kind() == ErrorKind::PermissionDenied => closed(&path, source),
        other => other,
    }
}

/// What is in the way.
fn closed(path: &Path, error: io::Error) -> Error {
    match closed_folder(path, LINKS) {
        Some(folder) => Error::file(
            path,
            format!("the folder {} may not be entered{}", folder.display(), rights(&folder)),
            format!(
                "let this user enter it (chmod o+x {0}, or chgrp and chmod g+x), or keep the file elsewhere",
                folder.display()
            ),
        ),
        None => Error::file(
            path,
            format!("it may not be read ({error}){}", rights(path)),
            "let this user or one of its groups read it (chgrp and chmod g+r)",
        ),
    }
}

/// The first folder on the way that may not be searched.
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

/// ` (mode 0700, user 0, group 0)`; nothing where that cannot be seen.
fn rights(path: &Path) -> String {
    let told = |found: fs::Metadata| {
        format!(" (mode {:04o}, user {}, group {})", found.mode() & 0o7777, found.uid(), found.gid())
    };
    fs::metadata(path).map(told).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_is_fine_and_what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, "key").unwrap();
        check(&path).unwrap();
        let error = check(&folder.path().join("no/such/key")).unwrap_err();
        assert!(error.to_string().contains("no/such/key"), "{error}");
        assert_eq!(closed_folder(&path, LINKS), None);
    }
}
