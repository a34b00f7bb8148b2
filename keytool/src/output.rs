//! A file that is whole or absent: written beside its target, mode 0600, then renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;

use crate::error::Error;

/// Held while a file is under way: who ends the process waits for it.
static UNDER_WAY: Mutex<()> = Mutex::new(());

/// Waits until no file is half-written.
pub(crate) fn settled() -> MutexGuard<'static, ()> {
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What happens to a file that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IfThere {
    /// It is replaced, as the tools did whose names we take.
    Replace,
    /// It stays: a key that is overwritten is lost.
    Refuse,
}

/// Where a result will be written.
pub(crate) struct Target {
    path: PathBuf,
    folder: PathBuf,
    if_there: IfThere,
}

impl Target {
    /// Looks whether `path` can be written, so that no work is done for nothing; leaves nothing there.
    ///
    /// # Errors
    /// The folder cannot be written, the file is there and is to stay, or the path is something else than a file: a device would be
    /// replaced by the rename.
    pub(crate) fn new(path: &Path, if_there: IfThere) -> Result<Self, Error> {
        let path = match fs::metadata(path) {
            // A symbolic link stays one: what it names is replaced.
            Ok(_) => fs::canonicalize(path).map_err(|source| Error::write(path, source))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(source) => return Err(Error::write(path, source)),
        };
        if path.exists() && !path.is_file() {
            let problem = format!("{} is not a regular file", path.display());
            return Err(Error::request(problem, "name a file; the key is written beside it and renamed"));
        }
        if path.exists() && if_there == IfThere::Refuse {
            return Err(stays(&path));
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        if path.file_name().is_none() {
            return Err(Error::request(
                format!("{} names no file", path.display()),
                "name the file to write",
            ));
        }
        let target = Target { path, folder, if_there };
        let _writing = settled();
        target.beside().map(drop)?;
        Ok(target)
    }

    /// Writes all of it, or leaves what was there.
    ///
    /// # Errors
    /// The disk is full, or the folder has gone.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Error> {
        let _writing = settled();
        self.replace(self.beside()?, bytes)
    }

    /// The same for a file that is there: whoever might read it still may.
    ///
    /// # Errors
    /// As [`Target::write`].
    pub(crate) fn rewrite(&self, bytes: &[u8]) -> Result<(), Error> {
        let _writing = settled();
        let file = self.beside()?;
        let failed = |source| Error::write(&self.path, source);
        let old = fs::metadata(&self.path).map_err(failed)?;
        // Only root gives files away, and only members give to a group: whoever cannot keeps what is private to the owner.
        let kept = fchown(file.as_file(), Some(old.uid()), Some(old.gid())).is_ok();
        let mode = old.mode() & if kept { 0o777 } else { 0o700 };
        file.as_file().set_permissions(fs::Permissions::from_mode(mode)).map_err(failed)?;
        self.replace(file, bytes)
    }

    fn replace(&self, mut file: NamedTempFile, bytes: &[u8]) -> Result<(), Error> {
        let written = file.as_file_mut().write_all(bytes).and_then(|()| file.as_file().sync_all());
        written.map_err(|source| Error::write(&self.path, source))?;
        let persisted = match self.if_there {
            IfThere::Replace => file.persist(&self.path),
            IfThere::Refuse => file.persist_noclobber(&self.path),
        };
        persisted.map_err(|failed| match failed.error.kind() {
            io::ErrorKind::AlreadyExists => stays(&self.path),
            _ => Error::write(&self.path, failed.error),
        })?;
        // The rename itself reaches the disk with its folder; a file system that cannot do that has still renamed.
        let _ = File::open(&self.folder).and_then(|folder| folder.sync_all());
        Ok(())
    }

    /// A file of a name of its own in the target's folder, mode 0600, gone unless it is renamed.
    fn beside(&self) -> Result<NamedTempFile, Error> {
        // Opened here, for the library's errors name the temporary file, which tells nobody anything.
        let private = |path: &Path| OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = tempfile::Builder::new().prefix(".tpm2-keytool-").make_in(&self.folder, private);
        file.map_err(|source| Error::write(&self.path, source))
    }
}

fn stays(path: &Path) -> Error {
    let problem = format!("{} exists already", path.display());
    Error::request(problem, "name another file, or replace this one with --force")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_to_stay_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.tpm");
        let target = Target::new(&path, IfThere::Refuse).unwrap();
        // Made meanwhile by another process.
        fs::write(&path, "the only copy").unwrap();
        assert!(target.write(b"new").is_err() && Target::new(&path, IfThere::Refuse).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"the only copy");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_is_replaced_whole_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.tpm");
        fs::write(&path, "an older and longer key").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        Target::new(&path, IfThere::Replace).unwrap().write(b"key").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"key");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_rewritten_file_keeps_its_readers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.tpm");
        for mode in [0o640, 0o600, 0o444] {
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            Target::new(&path, IfThere::Replace).unwrap().rewrite(b"new").unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"new");
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
            fs::remove_file(&path).unwrap();
        }
        assert!(Target::new(&path, IfThere::Replace).unwrap().rewrite(b"new").is_err());
    }

    #[test]
    fn looking_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        Target::new(&folder.path().join("key.tpm"), IfThere::Refuse).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        Target::new(&link, IfThere::Replace).unwrap().write(b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
    }

    #[test]
    fn devices_folders_and_missing_folders_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for path in
            [Path::new("/dev/null"), folder.path(), &folder.path().join("no/such/key"), Path::new("/")]
        {
            assert!(Target::new(path, IfThere::Replace).is_err(), "{}", path.display());
        }
    }
}
