//! Changes the password of the keys of a folder.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use keyfile::{Attributes, KeyFile};
use tempfile::NamedTempFile;
use tpm::{Auth, ErrorKind, Tpm};
use zeroize::Zeroizing;

use super::Folder;
use super::change::{block_of_key, replaced, target};
use super::former::{backup, is_replaced, removed};
use crate::error::Error;
use crate::file::{self, notes_before, part};
use crate::key::TokenKey;

/// A key that may have the former password.
struct Candidate {
    key: Arc<TokenKey>,
    path: PathBuf,
    /// True if its file states that it has such a password.
    is_asked: bool,
    /// True if a killed process has replaced its file.
    is_replaced: bool,
}

/// A key with its new private area.
struct Changed {
    key: Arc<TokenKey>,
    path: PathBuf,
    private: Vec<u8>,
}

/// What the keys answered.
#[derive(Default)]
struct Answers {
    changed: Vec<Changed>,
    /// The number of keys that have the new password already.
    already: usize,
    /// The last refusal, and the files of the keys that refused or were not tried.
    refused: Option<tpm::Error>,
    left: Vec<PathBuf>,
    /// If the TPM counted a refusal of the former, or of the new password.
    is_counted: bool,
    is_new_counted: bool,
}

impl Folder {
    /// Changes the password of every key whose password is `old`, and returns their number. An empty `old` means the keys without a password;
    /// those that are used by a policy only are skipped. Keys at persistent handles keep theirs.
    ///
    /// First the TPM wraps all keys again, which changes nothing, then all new files are written under temporary names. Only after that the files are
    /// replaced, one by one. Each former file is kept under a hidden name until all are replaced; if one cannot be replaced, the former files are put
    /// back.
    ///
    /// If the process is killed meanwhile, each file is complete and works with the former or the new password. Hidden files are left: `.NAME.former` for
    /// each file that was replaced, and temporary ones. The same change again completes it: a key that has the new password already counts as
    /// changed, and the hidden files are removed. The new password is only tried with keys without dictionary-attack protection, and with
    /// those whose file differs from a former one.
    ///
    /// A TPM cannot revoke a private area: a copy of a former file still works with the former password.
    ///
    /// # Errors
    /// No key accepts `old`, or one with dictionary-attack protection refuses it before another has accepted it. A key that refuses it later has
    /// another password and is skipped, and so are the protected keys after it: the TPM counts at most one refusal, and after a killed change at most
    /// one of the new password. Any other error leaves all files unchanged.
    pub(crate) fn change_password(&self, tpm: &Tpm, old: &Auth, new: &Auth) -> Result<usize, Error> {
        let _locked = self.locked()?;
        let Answers { changed, already, left, .. } = wrapped(tpm, self.candidates(old)?, old, new)?;
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
        self.clean(&left);
        Ok(changed.len().saturating_add(already))
    }

    fn candidates(&self, old: &Auth) -> Result<Vec<Candidate>, Error> {
        let is_asked = |file: &KeyFile| match old.is_empty() {
            true => file.empty_auth && !file.uses_policy(),
            false => file.needs_password(),
        };
        let mut candidates = Vec::new();
        for key in &self.contents()?.keys {
            let (Some(file), Some(path)) = (key.file(), key.path()) else { continue };
            let one = Candidate {
                key: key.clone(),
                path: path.to_owned(),
                is_asked: is_asked(file),
                is_replaced: is_replaced(&target(path)?)?,
            };
            candidates.extend((one.is_asked || one.is_replaced).then_some(one));
        }
        Ok(candidates)
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

/// Has the TPM wrap the keys with the new password. After a counted refusal no other protected key is tried.
fn wrapped(tpm: &Tpm, keys: Vec<Candidate>, old: &Auth, new: &Auth) -> Result<Answers, Error> {
    let mut answers = Answers::default();
    for candidate in keys {
        answers.ask(tpm, candidate, old, new)?;
    }
    let is_done = answers.already > 0;
    match answers.refused.take() {
        _ if !answers.changed.is_empty() => Ok(answers),
        Some(error) => Err(error.into()),
        None if is_done => Ok(answers),
        None => Err(Error::request(
            "no key of the token has a password that can be changed",
            "`tpm2-keytool token` shows which keys have a password",
        )),
    }
}

impl Answers {
    fn ask(&mut self, tpm: &Tpm, candidate: Candidate, old: &Auth, new: &Auth) -> Result<(), Error> {
        let Candidate { key, path, is_asked, is_replaced } = candidate;
        let is_protected = is_protected(&key);
        if is_replaced && !(is_protected && self.is_new_counted) {
            if accepts(&key, tpm, new)? {
                self.already = self.already.saturating_add(1);
                return Ok(());
            }
            self.is_new_counted |= is_protected;
        }
        if !is_asked || is_protected && self.is_counted {
            self.left.push(target(&path)?);
            return Ok(());
        }
        let opened = key.open(tpm, Some(old.clone()))?;
        let error = match opened.change_auth(new) {
            Ok(private) => {
                self.changed.push(Changed { key, path, private });
                return Ok(());
            }
            Err(error) => error,
        };
        // Also a remembered refusal of the first protected key is an answer: the TPM would count that of the next one.
        let is_first = self.changed.is_empty() && self.already == 0;
        if error.kind() != ErrorKind::Authorization || is_protected && is_first {
            return Err(error.into());
        }
        if !is_protected && !is_replaced && accepts(&key, tpm, new)? {
            self.already = self.already.saturating_add(1);
            return Ok(());
        }
        self.is_counted |= is_protected;
        self.left.push(target(&path)?);
        self.refused = Some(error);
        Ok(())
    }
}

/// Returns true if this is the password of the key. The new private area is not used.
fn accepts(key: &TokenKey, tpm: &Tpm, auth: &Auth) -> Result<bool, Error> {
    let has_none = key.file().is_some_and(|file| file.empty_auth);
    if has_none || auth.is_empty() {
        return Ok(has_none && auth.is_empty());
    }
    match key.open(tpm, Some(auth.clone()))?.change_auth(auth) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::Authorization => Ok(false),
        Err(error) => Err(error.into()),
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
    match block_of_key(bytes, &change.key) {
        Some(block) => {
            let file = KeyFile::from_pem(part(bytes, &block)).map_err(refused)?;
            let (_, text) = notes_before(bytes, &block);
            let pem = new(file).to_pem().map_err(refused)?;
            Ok(Zeroizing::new(replaced(bytes, &block, text, pem.as_bytes())))
        }
        None => {
            new(KeyFile::from_der(bytes).map_err(refused)?).to_file().map(Zeroizing::new).map_err(refused)
        }
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
            let new =
                |name: &&str| (temporary(files.path(), 0o600, b"new").unwrap(), files.path().join(name));
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
    fn only_the_block_of_the_key_gets_the_new_private_area() {
        let files = Files::new();
        let reference = keyfile::KeyReference {
            uri: "handle:0x81000001".to_owned().into(),
            empty_auth: false,
            public: key(1).public,
        };
        let (reference, pem) = (reference.to_pem().unwrap(), key(1).to_pem().unwrap());
        let text = [reference.as_str(), &pem, "label: second\n", &pem].concat();
        let path = files.write("same.tpm", &text);
        let contents = Folder::new(files.path().to_owned(), None).contents().unwrap();
        let second = contents.keys[2].clone();
        assert_eq!(second.label(), "second");
        let new = with_private(text.as_bytes(), &Changed { key: second, path, private: vec![9; 100] }, false);
        let pem_of_new = key(1).with_private(vec![9; 100], false).to_pem().unwrap();
        let expected = [reference.as_str(), &pem, "label: second\n", &pem_of_new].concat();
        assert_eq!(String::from_utf8(new.unwrap().to_vec()).unwrap(), expected);
    }
}
