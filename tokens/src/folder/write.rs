//! New files: each is written completely or not at all, and never replaces another one.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use keyfile::KeyFile;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use tempfile::NamedTempFile;

use super::Folder;
use crate::certificate::{Certificate, Parts};
use crate::error::Error;
use crate::file::is_parent;
use crate::key::TokenKey;
use crate::notes::{Notes, on_one_line};
use crate::spki;

/// The most bytes of a label that become the name of a file.
const LONGEST_NAME: usize = 64;
/// The most files with the same name and another number.
const MOST: u32 = 10_000;
/// The longest wait for another process that changes the folder. It sends a few commands per key.
const PATIENCE: Duration = Duration::from_secs(10);
/// The time between two tries.
const PAUSE: Duration = Duration::from_millis(20);
/// The beginning of the names of temporary files.
pub(super) const TEMPORARY: &str = ".tpm2-token-";

/// The lock of a folder between processes, until it is dropped.
#[derive(Debug)]
pub(super) struct Locked(File);

impl Folder {
    /// Writes a new key file.
    ///
    /// # Errors
    /// The folder cannot be written, or the key is not one of a token.
    pub(crate) fn add_key(
        &self,
        file: &KeyFile,
        label: &str,
        id: Option<&[u8]>,
    ) -> Result<Arc<TokenKey>, Error> {
        if is_parent(&file.public) || spki::encoded(&file.public.key).is_none() {
            return Err(Error::request(
                "only RSA and EC keys can be added to a token, and no parents of other keys",
                "write other objects to a file: `tpm2-keytool create` and `seal`",
            ));
        }
        let label = on_one_line(label);
        let notes = Notes { label: Some(label.clone()), id: id.map(<[u8]>::to_vec), wrong_id: false };
        let pem = file.to_pem().map_err(|error| {
            Error::request(format!("the key cannot be written: {error}"), "create the key again")
        })?;
        let path = self.written(
            &label,
            "tpm",
            0o600,
            [notes.text().as_bytes(), pem.as_bytes()].concat().as_slice(),
        )?;
        let contents = self.contents()?;
        contents.keys.iter().find(|key| key.path() == Some(&path)).cloned().ok_or_else(|| gone(&path))
    }

    /// Writes a new certificate.
    ///
    /// # Errors
    /// The folder cannot be written, or the bytes are not a certificate.
    pub(crate) fn add_certificate(&self, der: &[u8], label: Option<&str>) -> Result<Arc<Certificate>, Error> {
        let not_one =
            || Error::request("the bytes are not a certificate", "give an X.509 certificate in DER");
        let parts = Parts::of(der).ok_or_else(not_one)?;
        let label = label.map(on_one_line).filter(|label| !label.is_empty());
        let public = spki::public_key(&parts.spki).as_ref().and_then(spki::encoded);
        let of_key = || {
            Some(
                self.contents()
                    .ok()?
                    .keys
                    .iter()
                    .find(|key| Some(key.spki()) == public.as_deref())?
                    .label()
                    .to_owned(),
            )
        };
        let name = label.clone().or_else(of_key).unwrap_or_else(|| "certificate".to_owned());
        let notes = Notes { label, ..Notes::default() };
        let pem = keyfile::certificate_pem(der).ok_or_else(not_one)?;
        let path = self.written(&name, "pem", 0o644, [notes.text(), pem].concat().as_bytes())?;
        let contents = self.contents()?;
        let found = contents.certificates.iter().find(|certificate| certificate.path() == path);
        found.cloned().ok_or_else(|| gone(&path))
    }

    /// Writes a new file with a name that is made from the label. Returns its path.
    fn written(&self, label: &str, extension: &str, mode: u32, bytes: &[u8]) -> Result<PathBuf, Error> {
        self.make().map_err(|source| Error::io("create", self.path(), source))?;
        let _locked = self.locked()?;
        let stem = stem(label);
        let mut temporary = temporary(self.path(), mode, bytes)?;
        for number in 1..MOST {
            let suffix = if number == 1 { String::new() } else { format!("-{number}") };
            let path = self.path().join(format!("{stem}{suffix}.{extension}"));
            match temporary.persist_noclobber(&path) {
                Ok(_) => {
                    self.sync();
                    return Ok(path);
                }
                Err(failed) if failed.error.kind() == ErrorKind::AlreadyExists => temporary = failed.file,
                Err(failed) => return Err(Error::io("write", &path, failed.error)),
            }
        }
        Err(Error::request(
            format!("{} has too many files with the name {stem}", self.path().display()),
            "choose another label",
        ))
    }

    /// Waits until no other process changes a file of the folder. What others have changed is read before the next use.
    pub(super) fn locked(&self) -> Result<Locked, Error> {
        let locked = Locked::within(PATIENCE, self.path())?;
        self.lock().look_again();
        Ok(locked)
    }

    /// Writes the names to the disk.
    pub(super) fn sync(&self) {
        sync(self.path());
    }

    fn make(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(self.path())
    }
}

impl Locked {
    /// Locks a folder. A process that hangs must not make this one hang, so the wait is limited.
    fn within(patience: Duration, path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::io("lock", path, source);
        let folder = File::open(path).map_err(failed)?;
        let start = Instant::now();
        loop {
            match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self(folder)),
                Err(Errno::INTR) => {}
                Err(Errno::WOULDBLOCK) if start.elapsed() < patience => thread::sleep(PAUSE),
                Err(Errno::WOULDBLOCK) => {
                    let hint = "try again later; `lslocks` shows the process that holds the lock";
                    return Err(Error::file(path, "another process changes the folder", hint));
                }
                Err(error) => return Err(failed(error.into())),
            }
        }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

/// Writes a temporary file in a folder and to the disk.
pub(super) fn temporary(folder: &Path, mode: u32, bytes: &[u8]) -> Result<NamedTempFile, Error> {
    let private = |path: &Path| OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let made = || {
        let mut file = tempfile::Builder::new().prefix(TEMPORARY).make_in(folder, private)?;
        file.as_file_mut().write_all(bytes)?;
        file.as_file().set_permissions(Permissions::from_mode(mode))?;
        file.as_file().sync_all()?;
        Ok::<_, io::Error>(file)
    };
    made().map_err(|source| Error::io("write a file in", folder, source))
}

/// Writes the names of a folder to the disk. If the file system does not support this, the files are renamed nevertheless.
pub(super) fn sync(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

/// Returns the path with `suffix`, and a number if needed: the first of them that does not exist.
pub(super) fn free(path: &Path, suffix: &str) -> PathBuf {
    let mut last = path.to_owned();
    for next in numbered(path, suffix) {
        last = next;
        if last.symlink_metadata().is_err() {
            break;
        }
    }
    last
}

/// Returns the path with `suffix`, without a number and then with each from 2.
pub(super) fn numbered(path: &Path, suffix: &str) -> impl Iterator<Item = PathBuf> {
    (1..=MOST).map(move |number| {
        let mut name: OsString = path.as_os_str().to_owned();
        name.push(suffix);
        if number > 1 {
            name.push(format!("-{number}"));
        }
        PathBuf::from(name)
    })
}

/// Makes the name of a file from a label: letters, digits and `-_.` of ASCII.
fn stem(label: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = label.chars().map(safe).take(LONGEST_NAME).collect();
    let name = name.trim_matches(|c| "-.".contains(c));
    if name.is_empty() { "key".to_owned() } else { name.to_owned() }
}

fn gone(path: &Path) -> Error {
    Error::file(path, "it was changed after it was written", "try again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_becomes_a_safe_name() {
        for (label, name) in [
            ("Mail key (2026)", "Mail-key--2026"),
            ("../../etc/passwd", "etc-passwd"),
            ("a/b\0c", "a-b-c"),
            (".hidden", "hidden"),
            ("", "key"),
            ("äö", "key"),
        ] {
            assert_eq!(stem(label), name);
        }
        assert_eq!(stem(&"x".repeat(300)).len(), LONGEST_NAME);
    }

    #[test]
    fn a_free_name_gets_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.tpm");
        for name in ["key.tpm.removed", "key.tpm.removed-2", "key.tpm.removed-3"] {
            let free = free(&path, ".removed");
            assert_eq!(free, folder.path().join(name));
            std::fs::write(free, "").unwrap();
        }
    }

    #[test]
    fn the_wait_for_another_process_is_limited() {
        let folder = tempfile::tempdir().unwrap();
        let patience = Duration::from_millis(200);
        let first = Locked::within(patience, folder.path()).unwrap();
        let start = Instant::now();
        let error = Locked::within(patience, folder.path()).unwrap_err();
        assert!(start.elapsed() >= patience, "it did not wait");
        assert!(error.to_string().ends_with("another process changes the folder"), "{error}");
        assert!(error.advice().is_some());
        let second = thread::spawn({
            let path = folder.path().to_owned();
            move || Locked::within(PATIENCE, &path).map(drop)
        });
        drop(first);
        second.join().unwrap().unwrap();
    }
}
