//! Writes a file completely or not at all: first a temporary file in the same folder with mode 0600, which is then renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;

use crate::error::Error;

/// Held while a file is written. The thread that ends the process waits for it.
static WRITING: Mutex<()> = Mutex::new(());

/// Waits until no file is partly written, and keeps the lock.
pub(crate) fn lock() -> MutexGuard<'static, ()> {
    WRITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What happens to an existing file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IfExists {
    /// It is replaced, as the original tools of the drop-in names do.
    Replace,
    /// It is kept: an overwritten key is lost.
    Refuse,
}

/// The file that a result will be written to.
pub(crate) struct Target {
    path: PathBuf,
    folder: PathBuf,
    if_exists: IfExists,
}

impl Target {
    /// Checks that `path` can be written before the work begins. Leaves no file behind.
    ///
    /// # Errors
    /// The folder cannot be written, the file exists and must be kept, or the path is not a regular file: the rename would replace a
    /// device.
    pub(crate) fn new(path: &Path, if_exists: IfExists) -> Result<Self, Error> {
        let path = match fs::metadata(path) {
            // A symbolic link is kept: its target is replaced.
            Ok(_) => fs::canonicalize(path).map_err(|source| Error::write(path, source))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(source) => return Err(Error::write(path, source)),
        };
        if path.exists() && !path.is_file() {
            let problem = format!("{} is not a regular file", path.display());
            return Err(Error::request(
                problem,
                "name a regular file: the key is written to a temporary file, which is renamed",
            ));
        }
        if path.exists() && if_exists == IfExists::Refuse {
            return Err(exists(&path));
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        if path.file_name().is_none() {
            return Err(Error::request(
                format!("{} has no file name", path.display()),
                "name the file to write",
            ));
        }
        let target = Target { path, folder, if_exists };
        let _writing = lock();
        target.temporary().map(drop)?;
        Ok(target)
    }

    /// Writes the whole file, or leaves the old one unchanged.
    ///
    /// # Errors
    /// The disk is full, or the folder was removed.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Error> {
        let _writing = lock();
        self.replace(self.temporary()?, bytes)
    }

    /// Replaces an existing file, and keeps its owner, group and mode.
    ///
    /// # Errors
    /// As [`Target::write`].
    pub(crate) fn rewrite(&self, bytes: &[u8]) -> Result<(), Error> {
        let _writing = lock();
        let file = self.temporary()?;
        let failed = |source| Error::write(&self.path, source);
        let old = fs::metadata(&self.path).map_err(failed)?;
        // Only root can change the owner, and a user can change the group only to one of its own groups. If that fails, only the owner's
        // permissions are kept.
        let kept = fchown(file.as_file(), Some(old.uid()), Some(old.gid())).is_ok();
        let mode = old.mode() & if kept { 0o777 } else { 0o700 };
        file.as_file().set_permissions(fs::Permissions::from_mode(mode)).map_err(failed)?;
        self.replace(file, bytes)
    }

    fn replace(&self, mut file: NamedTempFile, bytes: &[u8]) -> Result<(), Error> {
        let written = file.as_file_mut().write_all(bytes).and_then(|()| file.as_file().sync_all());
        written.map_err(|source| Error::write(&self.path, source))?;
        let persisted = match self.if_exists {
            IfExists::Replace => file.persist(&self.path),
            IfExists::Refuse => file.persist_noclobber(&self.path),
        };
        persisted.map_err(|failed| match failed.error.kind() {
            io::ErrorKind::AlreadyExists => exists(&self.path),
            _ => Error::write(&self.path, failed.error),
        })?;
        // Syncing the folder writes the rename to disk. If the file system does not support this, the file is renamed nevertheless.
        let _ = File::open(&self.folder).and_then(|folder| folder.sync_all());
        Ok(())
    }

    /// Creates a temporary file with mode 0600 in the target's folder. It is removed unless it is renamed.
    fn temporary(&self) -> Result<NamedTempFile, Error> {
        // Opened here, because the library's errors would name the temporary file, which the user does not know.
        let private = |path: &Path| OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = tempfile::Builder::new().prefix(".tpm2-keytool-").make_in(&self.folder, private);
        file.map_err(|source| Error::write(&self.path, source))
    }
}

fn exists(path: &Path) -> Error {
    let problem = format!("{} exists already", path.display());
    Error::request(problem, "name another file, or give --force to replace this one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn existing_file_is_kept_without_force() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.tpm");
        let target = Target::new(&path, IfExists::Refuse).unwrap();
        // Another process creates it meanwhile.
        fs::write(&path, "the only copy").unwrap();
        assert!(target.write(b"new").is_err() && Target::new(&path, IfExists::Refuse).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"the only copy");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn replaced_file_is_complete_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.tpm");
        fs::write(&path, "an older and longer key").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        Target::new(&path, IfExists::Replace).unwrap().write(b"key").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"key");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn rewritten_file_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.tpm");
        for mode in [0o640, 0o600, 0o444] {
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            Target::new(&path, IfExists::Replace).unwrap().rewrite(b"new").unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"new");
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
            fs::remove_file(&path).unwrap();
        }
        assert!(Target::new(&path, IfExists::Replace).unwrap().rewrite(b"new").is_err());
    }

    #[test]
    fn checking_the_target_creates_no_file() {
        let folder = tempfile::tempdir().unwrap();
        Target::new(&folder.path().join("key.tpm"), IfExists::Refuse).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn symbolic_link_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        Target::new(&link, IfExists::Replace).unwrap().write(b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
    }

    #[test]
    fn devices_folders_and_missing_folders_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for path in
            [Path::new("/dev/null"), folder.path(), &folder.path().join("no/such/key"), Path::new("/")]
        {
            assert!(Target::new(path, IfExists::Replace).is_err(), "{}", path.display());
        }
    }
}
