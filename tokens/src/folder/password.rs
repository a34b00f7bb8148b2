//! Changes the password of the keys of a folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyfile::{Attributes, KeyFile};
use tempfile::NamedTempFile;
use tpm::{Auth, ErrorKind, Tpm};
use zeroize::Zeroizing;

use super::Folder;
use super::change::{block_of, is_key, part, replaced, target};
use super::write::free;
use crate::error::Error;
use crate::file::{self, notes_before};
use crate::key::TokenKey;

/// A key with its new private area.
struct Changed {
    key: Arc<TokenKey>,
    path: PathBuf,
    private: Vec<u8>,
}

impl Folder {
    /// Changes the password of every key whose password is `old`, and returns their number. An empty `old` means the keys without a password;
    /// those that are used by a policy only are skipped. Keys at persistent handles keep theirs.
    ///
    /// First the TPM wraps all keys again, which changes nothing, then all new files are written under temporary names. Only after that the files are
    /// replaced, one by one. Each former file is kept under a hidden name until all are replaced; if one cannot be replaced, the former files are put
    /// back. If the process is killed meanwhile, each file is complete and works with the former or the new password.
    ///
    /// A TPM cannot revoke a private area: a copy of a former file still works with the former password.
    ///
    /// # Errors
    /// No key accepts `old`, or one with dictionary-attack protection refuses it before another has accepted it. A key that refuses it later has
    /// another password and is skipped, and so are the protected keys after it: the TPM counts at most one refusal. Any other error leaves all
    /// files unchanged.
    pub(crate) fn change_password(&self, tpm: &Tpm, old: &Auth, new: &Auth) -> Result<usize, Error> {
        let _locked = self.locked()?;
        let changed = wrapped(tpm, self.candidates(old)?, old, new)?;
        // A reference in the same file may contain a password.
        let mut files: Vec<(PathBuf, Zeroizing<Vec<u8>>)> = Vec::new();
        for change in &changed {
            let at = files.iter().position(|(path, _)| *path == change.path);
            let bytes = match at.and_then(|at| files.get(at)) {
                Some((_, bytes)) => bytes.clone(),
                None => file::bytes_of(&change.path)?,
            };
            let bytes = with_private(&bytes, change, new.is_empty())?;
            match at.and_then(|at| files.get_mut(at)) {
                Some(file) => file.1 = bytes,
                None => files.push((change.path.clone(), bytes)),
            }
        }
        let written: Result<Vec<_>, Error> =
            files.into_iter().map(|(path, bytes)| Ok((self.replacement(&path, &bytes)?, path))).collect();
        self.replace_all(written?)?;
        Ok(changed.len())
    }

    fn candidates(&self, old: &Auth) -> Result<Vec<Arc<TokenKey>>, Error> {
        let is_one = |key: &Arc<TokenKey>| {
            key.file().is_some_and(|file| match old.is_empty() {
                true => file.empty_auth && !file.uses_policy(),
                false => file.needs_password(),
            })
        };
        Ok(self.contents()?.keys.iter().filter(|key| is_one(key)).cloned().collect())
    }

    /// Replaces all files or none.
    fn replace_all(&self, files: Vec<(NamedTempFile, PathBuf)>) -> Result<(), Error> {
        let mut kept: Vec<(PathBuf, PathBuf)> = Vec::new();
        for (new, path) in files {
            let replaced = target(&path).and_then(|target| {
                kept.push((backup(&target)?, target));
                self.put(&path, new)
            });
            if let Err(error) = replaced {
                for (backup, path) in kept {
                    // The former file has other times and another inode, so it is read again. If the path is still a link to the same file,
                    // rename does nothing and leaves both.
                    let _ = fs::rename(&backup, path).and_then(|()| removed(&backup));
                }
                self.sync();
                return Err(error);
            }
        }
        self.sync();
        for (backup, _) in kept {
            let _ = fs::remove_file(backup);
        }
        self.sync();
        Ok(())
    }
}

/// Has the TPM wrap the keys with the new password. The TPM counts at most one refusal: after it no other protected key is tried.
fn wrapped(tpm: &Tpm, keys: Vec<Arc<TokenKey>>, old: &Auth, new: &Auth) -> Result<Vec<Changed>, Error> {
    let mut changed = Vec::new();
    let (mut refused, mut is_counted) = (None, false);
    for key in keys {
        let Some(path) = key.path().map(Path::to_owned) else { continue };
        if is_counted && is_protected(&key) {
            continue;
        }
        let opened = key.open(tpm, Some(old.clone()))?;
        match opened.change_auth(new) {
            Ok(private) => changed.push(Changed { key, path, private }),
            Err(error) if error.kind() != ErrorKind::Authorization => return Err(error.into()),
            // Also a remembered refusal: the TPM would count that of the next key.
            Err(error) if changed.is_empty() && is_protected(&key) => return Err(error.into()),
            Err(error) => {
                is_counted |= is_protected(&key);
                refused = Some(error);
            }
        }
    }
    match refused {
        Some(error) if changed.is_empty() => Err(error.into()),
        None if changed.is_empty() => Err(Error::request(
            "no key of the token has a password that can be changed",
            "`tpm2-keytool token` shows which keys have a password",
        )),
        _ => Ok(changed),
    }
}

/// Returns true if a wrong password of the key counts towards the TPM's lockout.
fn is_protected(key: &TokenKey) -> bool {
    !key.public().attributes.contains(Attributes::NO_DA)
}

/// Returns the file with the new private area. All other text and elements are kept.
fn with_private(bytes: &[u8], change: &Changed, empty_auth: bool) -> Result<Zeroizing<Vec<u8>>, Error> {
    let refused = |error: keyfile::Error| {
        Error::file(&change.path, error.to_string(), "write each key to a file of its own, as PEM")
    };
    let new = |file: KeyFile| file.with_private(change.private.clone(), empty_auth);
    match block_of(bytes, |block| is_key(block, &change.key)) {
        Some(block) => {
            let file = KeyFile::from_pem(part(bytes, &block)).map_err(refused)?;
            let (_, text) = notes_before(bytes, &block);
            let pem = new(file).to_pem().map_err(refused)?;
            Ok(Zeroizing::new(replaced(bytes, &block, text, pem.as_bytes())))
        }
        None => new(KeyFile::from_der(bytes).map_err(refused)?).to_file().map(Zeroizing::new).map_err(refused),
    }
}

/// Keeps the file under a hidden name, which is not read as a key.
fn backup(path: &Path) -> Result<PathBuf, Error> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    let backup = free(&path.with_file_name(name), ".former");
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
fn removed(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::super::write::temporary;
    use super::*;
    use crate::testing::{Files, key};

    #[test]
    fn former_files_come_back_if_one_cannot_be_replaced() {
        let files = Files::new();
        for x in [1, 2] {
            files.write(&format!("{x}.tpm"), key(x).to_file().unwrap());
        }
        // A folder cannot be replaced by a file.
        files.write("3.tpm/file", "");
        let folder = Folder::new(files.path().to_owned(), None);
        let all = |names: &[&str]| {
            let new = |name: &&str| (temporary(files.path(), 0o600, b"new").unwrap(), files.path().join(name));
            names.iter().map(new).collect::<Vec<_>>()
        };
        assert!(folder.replace_all(all(&["1.tpm", "3.tpm", "2.tpm"])).is_err());
        for x in [1, 2] {
            let path = files.path().join(format!("{x}.tpm"));
            assert_eq!(fs::read(path).unwrap(), key(x).to_file().unwrap());
        }
        assert_eq!(files.names(), ["1.tpm", "2.tpm", "3.tpm"], "a file is left");
        // The temporary file of the second one is gone, so only its former file exists, with two names.
        let lost = all(&["1.tpm", "2.tpm"]);
        fs::remove_file(lost[1].0.path()).unwrap();
        assert!(folder.replace_all(lost).is_err());
        assert_eq!(fs::read(files.path().join("1.tpm")).unwrap(), key(1).to_file().unwrap());
        assert_eq!(files.names(), ["1.tpm", "2.tpm", "3.tpm"], "a file is left");
        folder.replace_all(all(&["1.tpm", "2.tpm"])).unwrap();
        assert_eq!(fs::read(files.path().join("1.tpm")).unwrap(), b"new");
        // The file that a link names is replaced, and comes back.
        let others = Files::new();
        let file = others.write("file", "former");
        std::os::unix::fs::symlink(&file, files.path().join("0.tpm")).unwrap();
        assert!(folder.replace_all(all(&["0.tpm", "3.tpm"])).is_err());
        assert_eq!((fs::read(&file).unwrap(), others.names()), (b"former".to_vec(), vec!["file".to_owned()]));
        folder.replace_all(all(&["0.tpm"])).unwrap();
        assert_eq!((fs::read(&file).unwrap(), others.names()), (b"new".to_vec(), vec!["file".to_owned()]));
        fs::remove_file(files.path().join("0.tpm")).unwrap();
        assert_eq!(files.names(), ["1.tpm", "2.tpm", "3.tpm"], "a file is left");
    }

    #[test]
    fn no_part_of_a_copy_is_left() {
        let files = Files::new();
        // It can be opened, but not read.
        let path = Path::new("/proc/self/mem");
        assert!(copy(path, &files.path().join(".mem.former")).is_err());
        assert_eq!(files.names(), [""; 0]);
    }
}
