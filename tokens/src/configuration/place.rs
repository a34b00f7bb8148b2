//! Finds the configuration file, or the folder that is the only token without one.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use tpm::config::Lookup;

use crate::error::Error;

/// The variables that name the file. Users of another module with the same kind of configuration have set the second one.
const NAMES_FILE: [&str; 2] = ["TPM2_PKCS11_CONF", "OPENSSL_PKCS11_CONF"];
/// The file in the folders of configurations.
const FILE: &str = "tpm2-keyfiles/pkcs11.conf";
/// The folder of the only token, in the user's data.
const FOLDER: &str = "tpm2-keys";
const SYSTEM: &str = "/etc";

/// Where the configuration is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In this file.
    File(PathBuf),
    /// There is none, and this is the user's folder.
    Folder(PathBuf),
    /// There is none, and no user's folder is known: the environment lacks HOME, or must not be believed.
    Nothing,
}

/// The environment, as far as it may be believed.
pub(super) enum Variables {
    Process,
    #[cfg_attr(not(test), expect(dead_code, reason = "tests do not change the environment of their process"))]
    Given(BTreeMap<&'static str, OsString>, PathBuf),
}

/// The environment of this process. The default method of the trait returns nothing to a set-user-ID program.
struct Process;

impl Lookup for Process {
    fn section(&self, _: &str) -> Option<Vec<u8>> {
        None
    }
}

impl Variables {
    pub(super) fn of_process() -> Self {
        Self::Process
    }

    /// Returns a variable that is set and not empty.
    pub(super) fn get(&self, name: &str) -> Option<OsString> {
        let value = match self {
            Self::Process => Process.environment(name).map(OsString::from_vec),
            Self::Given(variables, _) => variables.get(name).cloned(),
        };
        value.filter(|value| !value.is_empty())
    }

    /// Returns the folder of the system's configuration.
    fn system(&self) -> PathBuf {
        match self {
            Self::Process => SYSTEM.into(),
            Self::Given(_, system) => system.clone(),
        }
    }

    /// Returns a folder of the user. The XDG Base Directory Specification says to ignore a relative path.
    fn folder(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        let absolute = |path: OsString| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
        let home = || Some(self.get("HOME").and_then(absolute)?.join(below_home));
        self.get(variable).and_then(absolute).or_else(home)
    }
}

/// Finds the file or the folder.
///
/// # Errors
/// A variable names a file that does not exist, or it is not known if a file does.
pub(super) fn find(variables: &Variables) -> Result<Place, Error> {
    for name in NAMES_FILE {
        let Some(path) = variables.get(name).map(PathBuf::from) else { continue };
        if !exists(&path)? {
            let problem = format!("the environment variable {name} names it, and it does not exist");
            return Err(Error::file(&path, problem, "correct the variable, or unset it"));
        }
        return Ok(Place::File(path));
    }
    let user = variables.folder("XDG_CONFIG_HOME", ".config");
    let files = [user, Some(variables.system())];
    for path in files.into_iter().flatten().map(|folder| folder.join(FILE)) {
        if exists(&path)? {
            return Ok(Place::File(path));
        }
    }
    let data = variables.folder("XDG_DATA_HOME", ".local/share");
    Ok(data.map_or(Place::Nothing, |data| Place::Folder(data.join(FOLDER))))
}

/// Returns true if the file exists. Without the permission to see it, another file must not take its place.
fn exists(path: &Path) -> Result<bool, Error> {
    match path.try_exists() {
        // A part of the path is a file.
        Err(error) if error.kind() == ErrorKind::NotADirectory => Ok(false),
        found => found.map_err(|source| Error::io("read the configuration", path, source)),
    }
}
