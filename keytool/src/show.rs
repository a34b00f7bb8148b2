//! `show`: describes a key, an NV index or a file. A file needs no TPM, except for the rows that say whether this TPM can load it and whether
//! its policy passes now.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use keyfile::uri::{Location, Uri};
use keyfile::{Handle, Held, KeyFile, KeyReference, Serialized};
use tpm::{ErrorKind, Tpm};

use crate::cli::Common;
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::rows::Rows;
use crate::{input, json, public_key, terminal};

mod elsewhere;
mod file;
mod loads;
pub(crate) mod nv;
mod policy;
pub(crate) mod public;
mod trusted;
mod uses;

/// Describe a key file, a persistent key or an NV index
///
/// Shows type, parent, password, attributes, policy, and the uses of the key in TLS. Also reads key files of other tools, references, serialized objects
/// and public areas of tpm2-tools, and trusted keys as `keyctl pipe` prints them. With a TPM it also shows whether this TPM can load a key file, by one
/// TPM2_Load without using the key, and for each statement of a policy whether it passes now. A handle needs a TPM. Without --salt-name an attacker who
/// controls the bus can choose what is shown about a handle.
#[derive(Args)]
pub(crate) struct Show {
    /// A file, a persistent handle such as 0x81000001, an NV index such as 0x01c00002, or a URI of the provider
    #[arg(value_name = "FILE|HANDLE")]
    key: PathBuf,

    /// Print JSON (docs/json.md)
    #[arg(long)]
    json: bool,
}

impl Show {
    /// Prints the description.
    pub(crate) fn run(self, common: &Common) -> Result<(), Error> {
        let tpm = common.tpm_if_asked()?;
        let prefix = common.nv_prefix()?;
        let rows = match location(&self.key, prefix.as_deref())? {
            Some(Location::Nv(index) | Location::Unread(index)) if index.is_nv() => {
                with_tpm(&tpm, || nv::rows(&tpm, index, &|| common.parent_auth()))
            }
            Some(Location::Key(handle) | Location::Nv(handle) | Location::Unread(handle)) => {
                with_tpm(&tpm, || elsewhere::persistent(&tpm, handle))
            }
            Some(Location::Transient(handle)) => Err(Error::request(
                format!("{handle} is a transient object, which belongs to the program that loaded it"),
                "make it persistent (tpm2_evictcontrol), and show that; there is no file with that name",
            )),
            Some(Location::Serialized(path) | Location::File(path)) => {
                file(&tpm, &path, prefix.as_deref(), common)
            }
            Some(Location::All) | None => file(&tpm, &self.key, prefix.as_deref(), common),
        };
        let rows = rows?;
        match self.json {
            true => json::print(&rows.document("tpm2-keytool/show/1")),
            false => terminal::result(rows),
        }
    }
}

/// Reads a description with the TPM. In every case, no object of this process is left in the TPM.
fn with_tpm(tpm: &Tpm, read: impl FnOnce() -> Result<Rows, Error>) -> Result<Rows, Error> {
    let deferred = Deferred::start();
    let rows = read();
    tpm.close();
    let rows = rows?;
    deferred.check()?;
    Ok(rows)
}

/// Returns what the argument refers to, or none if it is a path.
///
/// # Errors
/// It is a URI or a handle of something that cannot be shown.
fn location(key: &Path, prefix: Option<&str>) -> Result<Option<Location>, Error> {
    let Some(text) = key.to_str().filter(|_| !key.exists()) else { return Ok(None) };
    let is_handle = |text: &str| text.split('?').next().is_some_and(|text| text.parse::<Handle>().is_ok());
    let is_scheme = |text: &str| Uri::SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(text));
    let uri = match text.split_once(':') {
        // Checked first, because a password after the handle may contain a colon.
        _ if is_handle(text) => Uri::parse(&format!("handle:{text}"), None),
        Some((scheme, _)) if is_scheme(scheme) => Uri::parse(text, prefix),
        _ if prefix.is_some_and(|prefix| text.starts_with(prefix)) => Uri::parse(text, prefix),
        _ => return Ok(None),
    };
    let nothing = |why: &dyn fmt::Display| {
        // The argument is not repeated, because it may contain a password.
        Error::request(
            format!(
                "there is no file with that name, and it is not a handle or URI that can be shown: {why}"
            ),
            "give a file, a handle such as 0x81000100, or a URI such as tpm2:nv=0x1c00002; `tpm2-keytool list` lists the objects of this TPM",
        )
    };
    match uri.map(|uri| uri.location) {
        Ok(Location::All) => Err(nothing(&"it refers to all objects")),
        Ok(location) => Ok(Some(location)),
        Err(error) => Err(nothing(&error)),
    }
}

/// Describes the content of a file. Ctrl-C ends the wait for a slow pipe at once, because the TPM is not used before the file is read.
fn file(tpm: &Tpm, path: &Path, prefix: Option<&str>, common: &Common) -> Result<Rows, Error> {
    let bytes = input::read(path, "name a key file")?;
    with_tpm(tpm, || {
        let of_key = |key: &KeyFile| file::rows(tpm, path, key, || common.parent_auth());
        let not_a_key = match Held::parse(&bytes) {
            Ok(Held::Key(key)) => return Ok(of_key(&key)),
            Ok(Held::Reference(reference)) => {
                let mut rows = elsewhere::reference(tpm, path, &reference, prefix);
                rows.add(
                    "written as",
                    "a key file with a handle for its private key, as tpm2-tss-engine and tpm2-openssl write",
                );
                return Ok(rows);
            }
            Err(error) => error,
        };
        if let Some(bytes) = trusted::bytes(&bytes) {
            if let Ok(key) = KeyFile::from_der(&bytes) {
                let mut rows = of_key(&key);
                rows.add("written as", trusted::WRITTEN);
                return Ok(rows);
            }
            if let Some(area) = trusted::halves(&bytes) {
                return Ok(trusted::rows(Rows::new(path.display()), &area));
            }
        }
        if let Ok(reference) = KeyReference::parse(&bytes) {
            return Ok(elsewhere::reference(tpm, path, &reference, prefix));
        }
        if let Ok(serialized) = Serialized::from_bytes(&bytes) {
            return Ok(elsewhere::serialized(tpm, path, &serialized));
        }
        match public_key::area(&bytes) {
            Some(area) => Ok(elsewhere::area(path, &area)),
            None => Err(Error::KeyFile { path: path.to_owned(), source: not_a_key }),
        }
    })
}

/// Explains that there is no object at a handle.
pub(crate) fn absent(what: &str, handle: Handle, error: tpm::Error) -> Error {
    match error.kind() {
        ErrorKind::NoObject => Error::request(
            format!("there is no {what} at {handle}"),
            "`tpm2-keytool list` lists the objects of this TPM",
        ),
        _ => Error::Tpm(error),
    }
}
