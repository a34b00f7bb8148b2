//! A folder with the current key and certificate.
//!
//! Each pair gets a new folder, and then the symbolic link `current` is replaced by rename(2). So `current` always names one complete pair: a
//! process that is killed leaves the old one, and a full disk, too. Two renamed files could not do this: between the two renames, the new key
//! is beside the old certificate. The previous pair is kept until the next renewal, for programs that have followed the link but not yet
//! opened both files.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crypto::random;
use rustix::fs::{FlockOperation, flock, statfs};

use crate::error::Error;
use crate::{output, terminal};

/// The link to the folder of the pair in use.
const CURRENT: &str = "current";

/// TMPFS_MAGIC and RAMFS_MAGIC of linux/magic.h.
const IN_MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];

/// A folder that this process may write to.
pub(crate) struct Folder {
    path: PathBuf,
    /// The name of each pair's folder begins so.
    prefix: &'static str,
}

/// A file of a pair.
pub(crate) struct Part<'a> {
    pub(crate) name: &'static str,
    pub(crate) contents: &'a [u8],
    pub(crate) mode: u32,
}

impl Folder {
    /// Checks the folder before the work begins. Leaves nothing behind.
    ///
    /// # Errors
    /// There is no such folder, it cannot be written, or `current` is not a symbolic link.
    pub(crate) fn open(path: &Path, prefix: &'static str) -> Result<Self, Error> {
        let failed = |source| Error::write(path, source);
        // The real path, so that a changed link cannot separate the two steps of a replacement.
        let folder = Self { path: fs::canonicalize(path).map_err(failed)?, prefix };
        if !folder.path.is_dir() {
            return Err(Error::request(
                format!("{} is not a folder", path.display()),
                "name a folder: each pair of key and certificate gets a folder in it",
            ));
        }
        let current = folder.path.join(CURRENT);
        if fs::symlink_metadata(&current).is_ok_and(|found| !found.is_symlink()) {
            return Err(Error::request(
                format!("{} is not a symbolic link", current.display()),
                "name an empty folder: `current` is the link to the current key and certificate",
            ));
        }
        // No signal ends the process while the folder exists.
        let _writing = output::lock();
        New::folder_in(&folder.path, prefix).map_err(failed)?;
        Ok(folder)
    }

    /// Warns if the folder is on a disk.
    pub(crate) fn warn_of_disk(&self) {
        let kind = statfs(&self.path).ok().and_then(|found| u64::try_from(found.f_type).ok());
        if !kind.is_some_and(|kind| IN_MEMORY.contains(&kind)) {
            terminal::notice(format!(
                "warning: {} is not on a tmpfs: deleted keys may remain readable on the disk",
                self.path.display()
            ));
        }
    }

    /// Replaces the current pair, and returns the folder to read it from. Waits until no other process replaces it.
    ///
    /// # Errors
    /// The disk is full, or the folder was removed. The old pair is unchanged.
    pub(crate) fn replace(&self, parts: &[Part<'_>]) -> Result<PathBuf, Error> {
        self.replaced(parts).map_err(|source| Error::write(&self.path, source))
    }

    fn replaced(&self, parts: &[Part<'_>]) -> io::Result<PathBuf> {
        let lock = File::open(&self.path)?;
        flock(&lock, FlockOperation::LockExclusive)?;
        let _writing = output::lock();
        let current = self.path.join(CURRENT);
        let previous = fs::read_link(&current).ok();

        let new = New::folder_in(&self.path, self.prefix)?;
        for part in parts {
            write(&new.0.join(part.name), part.contents, part.mode)?;
        }
        fs::set_permissions(&new.0, Permissions::from_mode(0o755))?;
        File::open(&new.0)?.sync_all()?;

        let name = new.0.file_name().map(PathBuf::from);
        let link = new.0.join(CURRENT);
        symlink(name.as_deref().unwrap_or(&new.0), &link)?;
        fs::rename(&link, &current)?;
        new.keep();
        // If the file system does not support this, the link is replaced nevertheless.
        let _ = lock.sync_all();
        self.remove_all_but(&[name, previous]);
        Ok(current)
    }

    /// Removes older pairs, also those that a killed process has left. Errors are ignored: the next renewal tries again.
    fn remove_all_but(&self, kept: &[Option<PathBuf>]) {
        for entry in fs::read_dir(&self.path).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let is_pair = name.to_string_lossy().starts_with(self.prefix);
            if is_pair && !kept.iter().flatten().any(|kept| kept.as_os_str() == name) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// A new folder, which is removed when dropped.
struct New(PathBuf);

impl New {
    fn folder_in(folder: &Path, prefix: &str) -> io::Result<Self> {
        let number = random::bytes(8).map_err(io::Error::other)?;
        let digits: String = number.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = folder.join(format!("{prefix}{digits}"));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for New {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    // The umask does not apply to this.
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(text: &str) -> [Part<'_>; 2] {
        let part = |name, mode| Part { name, contents: text.as_bytes(), mode };
        [part("key.pem", 0o600), part("cert.pem", 0o644)]
    }

    fn entries(path: &Path) -> usize {
        fs::read_dir(path).unwrap().count()
    }

    #[test]
    fn the_previous_pair_is_kept_and_older_ones_are_removed() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path(), "leaf-").unwrap();
        fs::create_dir(place.path().join("leaf-of-a-killed-process")).unwrap();
        fs::write(place.path().join("notes"), "of the user").unwrap();
        for text in ["one", "two", "three"] {
            let current = folder.replace(&pair(text)).unwrap();
            assert_eq!(fs::read(current.join("key.pem")).unwrap(), text.as_bytes());
        }
        // current, two pairs, notes.
        assert_eq!(entries(place.path()), 4);
        assert_eq!(fs::read(place.path().join("notes")).unwrap(), b"of the user");
    }

    #[test]
    fn only_the_owner_can_read_the_key() {
        let place = tempfile::tempdir().unwrap();
        let current = Folder::open(place.path(), "leaf-").unwrap().replace(&pair("x")).unwrap();
        let mode = |name| fs::metadata(current.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(["key.pem", "cert.pem", "."].map(mode), [0o600, 0o644, 0o755]);
    }

    #[test]
    fn opening_leaves_nothing_behind_and_refuses_what_is_no_folder() {
        let place = tempfile::tempdir().unwrap();
        Folder::open(place.path(), "leaf-").unwrap();
        assert_eq!(entries(place.path()), 0);
        let file = place.path().join("current");
        fs::write(&file, "").unwrap();
        for path in [place.path(), &file, &place.path().join("absent")] {
            assert!(Folder::open(path, "leaf-").is_err(), "{}", path.display());
        }
    }
}
