//! A folder per fixture: removed if the test succeeds, kept with the commands to replay if it panics.
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tempfile::TempDir;

/// A temporary folder.
pub struct Scratch {
    folder: Option<TempDir>,
    notes: Mutex<Vec<String>>,
}

impl Scratch {
    /// Creates an empty folder whose name begins with `name`.
    ///
    /// # Panics
    /// If the system has no room for it.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let folder =
            tempfile::Builder::new().prefix(&format!("tpm2-{name}-")).tempdir().expect("a temporary folder");
        Self { folder: Some(folder), notes: Mutex::default() }
    }

    /// Returns the path of the folder.
    ///
    /// # Panics
    /// Never: the folder exists as long as this object.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.as_ref().expect("the folder lives as long as we").path()
    }

    /// Returns the path of a file in the folder.
    #[must_use]
    pub fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file into the folder and returns its path.
    ///
    /// # Panics
    /// If the disk is full.
    pub fn write(&self, name: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(name);
        fs::write(&path, contents).expect("write into the temporary folder");
        path
    }

    /// Reads a file in the folder.
    ///
    /// # Panics
    /// If the file does not exist.
    #[must_use]
    #[track_caller]
    pub fn read(&self, name: impl AsRef<Path>) -> Vec<u8> {
        let path = self.file(name);
        fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    /// Adds a line to `replay.sh`, which is written if the test panics.
    ///
    /// # Panics
    /// If another thread panicked while it added one.
    pub fn note(&self, line: impl Into<String>) {
        self.notes.lock().expect("notes").push(line.into());
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let Some(folder) = self.folder.take() else { return };
        if !std::thread::panicking() && std::env::var_os("TPM2_KEEP").is_none() {
            return;
        }
        let folder = folder.keep();
        let notes = self.notes.lock().map_or_else(|e| e.into_inner().join("\n"), |n| n.join("\n"));
        if notes.is_empty() {
            eprintln!("kept for a look: {}", folder.display());
        } else {
            let script = folder.join("replay.sh");
            let _ = fs::write(&script, format!("#!/bin/sh\n# What the test ran, in order.\n{notes}\n"));
            eprintln!("kept for a look: {}; what was run: {}", folder.display(), script.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_is_removed_on_success_and_kept_after_a_panic() {
        let quiet = Scratch::new("scratch");
        let gone = quiet.path().to_owned();
        drop(quiet);
        assert!(!gone.exists());

        let (tell, told) = std::sync::mpsc::channel();
        let test = std::thread::spawn(move || {
            let scratch = Scratch::new("scratch");
            scratch.note("echo replayed");
            tell.send(scratch.path().to_owned()).unwrap();
            // A panic without a message.
            std::panic::resume_unwind(Box::new(()));
        });
        assert!(test.join().is_err());
        let kept = told.recv().unwrap();
        assert!(fs::read_to_string(kept.join("replay.sh")).unwrap().ends_with("echo replayed\n"));
        fs::remove_dir_all(kept).unwrap();
    }
}
