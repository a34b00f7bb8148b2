//! Changes an object of a folder: the label and the identifier of a key, in the lines before its PEM block; and removal.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::Folder;
use super::write::{free, sync, temporary};
use crate::certificate::{Certificate, Parts};
use crate::error::Error;
use crate::file::{self, Block, blocks, is_der, is_single, key_of, notes_before, part};
use crate::key::TokenKey;
use crate::notes::Notes;
use crate::spki;

/// The end of the name of a removed file.
const REMOVED: &str = ".removed";

impl Folder {
    /// Changes the lines before the block of a key, and returns the changed key with its number.
    ///
    /// # Errors
    /// The file has changed or cannot be written, or the key is in DER beside other contents.
    pub(crate) fn change_notes(
        &self,
        key: &TokenKey,
        change: impl FnOnce(&mut Notes),
    ) -> Result<Arc<TokenKey>, Error> {
        {
            let _locked = self.locked()?;
            let (key, path) = self.unchanged_key(key)?;
            let bytes = file::bytes_of(&path)?;
            // A reference may contain a password.
            let new = Zeroizing::new(match block_of_key(&bytes, &key) {
                Some(block) => {
                    let (mut notes, text) = notes_before(&bytes, &block);
                    change(&mut notes);
                    replaced(&bytes, &block, &notes.replaced_in(text), part(&bytes, &block))
                }
                // A file in DER becomes PEM.
                None => {
                    let mut notes = Notes::default();
                    change(&mut notes);
                    [notes.text().as_bytes(), pem_of(&path, &bytes, &key)?.as_bytes()].concat()
                }
            });
            self.rewrite(&path, &new)?;
        }
        let contents = self.contents()?;
        contents.key(key.number()).cloned().ok_or_else(|| has_changed(key.path()))
    }

    /// Removes a key.
    ///
    /// # Errors
    /// The file has changed or cannot be written.
    pub(crate) fn remove_key(&self, key: &TokenKey) -> Result<(), Error> {
        let _locked = self.locked()?;
        let (key, path) = self.unchanged_key(key)?;
        self.remove(&path, |bytes| block_of_key(bytes, &key))
    }

    /// Removes a certificate.
    ///
    /// # Errors
    /// The file has changed or cannot be written.
    pub(crate) fn remove_certificate(&self, certificate: &Certificate) -> Result<(), Error> {
        let _locked = self.locked()?;
        let contents = self.contents()?;
        let found = contents.certificate(certificate.number()).map(|certificate| certificate.path());
        let path = found.ok_or_else(|| has_changed(Some(certificate.path())))?;
        self.remove(path, |bytes| block_of(bytes, |block| is_certificate(block, certificate)))
    }

    /// Renames the file. If it contains other objects, those stay in it, and a copy of the whole file gets the other name.
    fn remove(&self, path: &Path, block_of: impl Fn(&[u8]) -> Option<Block>) -> Result<(), Error> {
        let bytes = file::bytes_of(path)?;
        let removed = free(path, REMOVED);
        if is_single(&bytes) {
            // The folder is locked, so no other process of ours uses the new name.
            fs::rename(path, &removed).map_err(|source| Error::io("rename", path, source))?;
            self.sync();
            return Ok(());
        }
        let block = block_of(&bytes).ok_or_else(|| several(path))?;
        let copy = temporary(self.path(), mode_of(path)?, &bytes)?;
        copy.persist_noclobber(&removed).map_err(|failed| Error::io("write", &removed, failed.error))?;
        let part = |range| bytes.get(range).unwrap_or_default();
        let (before, after) = (part(0..block.text.start), part(block.range.end..bytes.len()));
        self.rewrite(path, &Zeroizing::new([before, after].concat()))
    }

    /// Returns a key as it is now, and its path, if its file has not changed since it was read.
    fn unchanged_key(&self, key: &TokenKey) -> Result<(Arc<TokenKey>, PathBuf), Error> {
        let found = self.contents()?.key(key.number()).cloned();
        let found = found.and_then(|key| Some((key.clone(), key.path()?.to_owned())));
        found.ok_or_else(|| has_changed(key.path()))
    }

    /// Replaces a file. Its objects keep their numbers.
    fn rewrite(&self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        let new = self.replacement(path, bytes)?;
        self.put(path, new)?;
        self.sync();
        Ok(())
    }

    /// Renames a temporary file. No other thread reads the folder meanwhile, so that the objects of the file keep their numbers. A symbolic
    /// link stays, and the file that it names is replaced.
    pub(super) fn put(&self, path: &Path, new: NamedTempFile) -> Result<(), Error> {
        let target = target(path)?;
        let mut listing = self.lock();
        new.persist(&target).map_err(|failed| Error::io("write", path, failed.error))?;
        if let Some(name) = path.file_name() {
            listing.note_own_change(name);
        }
        drop(listing);
        if let Some(folder) = target.parent() {
            sync(folder);
        }
        Ok(())
    }

    /// Writes the temporary file that replaces another one, with its owner, group and mode, and in its folder.
    pub(super) fn replacement(&self, path: &Path, bytes: &[u8]) -> Result<NamedTempFile, Error> {
        let old = fs::metadata(path).map_err(|source| Error::io("read", path, source))?;
        let target = target(path)?;
        let new = temporary(target.parent().unwrap_or_else(|| self.path()), 0o600, bytes)?;
        // Only root can change the owner, and a user can change the group only to one of its own groups. If that fails, only the owner's
        // permissions are kept.
        let kept = fchown(new.as_file(), Some(old.uid()), Some(old.gid())).is_ok();
        let mode = old.mode() & if kept { 0o777 } else { 0o700 };
        let done = new.as_file().set_permissions(Permissions::from_mode(mode));
        done.map_err(|source| Error::io("write", path, source))?;
        Ok(new)
    }
}

/// Returns the path of the file itself, without symbolic links.
pub(super) fn target(path: &Path) -> Result<PathBuf, Error> {
    fs::canonicalize(path).map_err(|source| Error::io("read", path, source))
}

/// Returns the PEM block of this key; none in DER.
pub(super) fn block_of_key(bytes: &[u8], key: &TokenKey) -> Option<Block> {
    let block = blocks(bytes).into_iter().nth(key.block).filter(|_| !is_der(bytes));
    block.filter(|block| is_key(part(bytes, block), key))
}

/// Returns the PEM block with this content.
fn block_of(bytes: &[u8], is_wanted: impl Fn(&[u8]) -> bool) -> Option<Block> {
    let blocks = if is_der(bytes) { Vec::new() } else { blocks(bytes) };
    blocks.into_iter().find(|block| is_wanted(part(bytes, block)))
}

/// Returns true if the block is this key, or refers to it if the key is at a handle.
fn is_key(block: &[u8], key: &TokenKey) -> bool {
    let contents = keyfile::contents(block).unwrap_or_default();
    let public = contents.iter().find_map(|content| match (content, key.file()) {
        (keyfile::Content::Key(file), Some(_)) => Some(&file.public.key),
        (keyfile::Content::Reference(reference), None) => Some(&reference.public.key),
        _ => None,
    });
    public.and_then(spki::encoded).is_some_and(|spki| spki == key.spki())
}

/// Returns the file with another text before a block, and another block.
pub(super) fn replaced(bytes: &[u8], block: &Block, text: &[u8], new: &[u8]) -> Vec<u8> {
    let before = bytes.get(..block.text.start).unwrap_or_default();
    [before, text, new, bytes.get(block.range.end..).unwrap_or_default()].concat()
}

fn is_certificate(block: &[u8], certificate: &Certificate) -> bool {
    let contents = keyfile::contents(block).unwrap_or_default();
    let is_same = |der: &Vec<u8>| der == certificate.der() && Parts::of(der).is_some();
    contents.iter().any(|content| matches!(content, keyfile::Content::Certificate(der) if is_same(der)))
}

/// Returns the PEM block of a key file in DER.
fn pem_of(path: &Path, bytes: &[u8], key: &TokenKey) -> Result<Zeroizing<String>, Error> {
    let single = is_single(bytes).then(|| key_of_der(bytes)).flatten();
    single.filter(|pem| is_key(pem.as_bytes(), key)).ok_or_else(|| several(path))
}

/// Returns a key file or a reference as PEM.
fn key_of_der(bytes: &[u8]) -> Option<Zeroizing<String>> {
    match key_of(bytes) {
        Some(file) => file.to_pem().ok().map(Zeroizing::new),
        None => keyfile::KeyReference::parse(bytes).ok()?.to_pem().ok(),
    }
}

fn mode_of(path: &Path) -> Result<u32, Error> {
    let found = fs::metadata(path).map_err(|source| Error::io("read", path, source))?;
    Ok(found.mode() & 0o777)
}

fn several(path: &Path) -> Error {
    Error::file(
        path,
        "it contains several objects in DER",
        "write each object to a file of its own, or as PEM",
    )
}

fn has_changed(path: Option<&Path>) -> Error {
    let what = path.map_or_else(|| "the object".to_owned(), |path| path.display().to_string());
    Error::request(format!("{what} was changed or removed meanwhile"), "list the objects of the token again")
}
