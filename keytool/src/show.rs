//! `show`: a key, or whatever else a TPM or a file of this field holds, in words. A file needs no TPM, but for whether this TPM can load
//! it, and whether its policy would pass now.

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
mod public;
mod trusted;
mod uses;

/// Show a key file, a persistent key or an NV index in words
///
/// Type, parent, password, attributes, policy, and what the key can do in TLS. Key files of other tools are read, too, and references, serialized objects
/// and public areas of tpm2-tools, and trusted keys as `keyctl pipe` prints them. Whether this TPM can load a key file is tried by one
/// TPM2_Load without use, and of a policy it says sentence by sentence whether it would pass now; these, and a handle, take a TPM. Without
/// --salt-name an attacker who controls the bus can choose what is said about a handle.
#[derive(Args)]
pub(crate) struct Show {
    /// A file; or what is in the TPM: a persistent handle such as 0x81000001, an NV index such as 0x01c00002, or a URI of the provider
    #[arg(value_name = "FILE|HANDLE")]
    key: PathBuf,

    /// Print JSON (docs/json.md)
    #[arg(long)]
    json: bool,
}

impl Show {
    /// Tells what it is.
    pub(crate) fn run(self, common: &Common) -> Result<(), Error> {
        let tpm = common.tpm_if_asked()?;
        let prefix = common.nv_prefix()?;
        let rows = match location(&self.key, prefix.as_deref())? {
            Some(Location::Nv(index) | Location::Unread(index)) if index.is_nv() => {
                asked(&tpm, || nv::rows(&tpm, index, &|| common.parent_auth()))
            }
            Some(Location::Key(handle) | Location::Nv(handle) | Location::Unread(handle)) => {
                asked(&tpm, || elsewhere::persistent(&tpm, handle))
            }
            Some(Location::Transient(handle)) => Err(Error::request(
                format!("{handle} is a transient object, which belongs to the program that loaded it"),
                "make it persistent (tpm2_evictcontrol), and show that; there is no file of that name",
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

/// What the TPM tells; whatever happened, nothing of ours stays in it.
fn asked(tpm: &Tpm, ask: impl FnOnce() -> Result<Rows, Error>) -> Result<Rows, Error> {
    let deferred = Deferred::start();
    let told = ask();
    tpm.close();
    let rows = told?;
    deferred.check()?;
    Ok(rows)
}

/// What is meant, unless a file is called so.
///
/// # Errors
/// It is a URI or a handle, but not of anything that can be shown.
fn location(key: &Path, prefix: Option<&str>) -> Result<Option<Location>, Error> {
    let Some(text) = key.to_str().filter(|_| !key.exists()) else { return Ok(None) };
    let is_handle = |text: &str| text.split('?').next().is_some_and(|text| text.parse::<Handle>().is_ok());
    let is_scheme = |text: &str| Uri::SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(text));
    let uri = match text.split_once(':') {
        // First: a password behind it may hold a colon.
        _ if is_handle(text) => Uri::parse(&format!("handle:{text}"), None),
        Some((scheme, _)) if is_scheme(scheme) => Uri::parse(text, prefix),
        _ if prefix.is_some_and(|prefix| text.starts_with(prefix)) => Uri::parse(text, prefix),
        _ => return Ok(None),
    };
    let nothing = |why: &dyn fmt::Display| {
        // Not the text: a password may stand in it.
        Error::request(
            format!("there is no file of that name, and as a handle or URI it names nothing to show: {why}"),
            "give a file, a handle such as 0x81000100, or a URI such as tpm2:nv=0x1c00002; `tpm2-keytool status` lists what this TPM holds",
        )
    };
    match uri.map(|uri| uri.location) {
        Ok(Location::All) => Err(nothing(&"it stands for everything")),
        Ok(location) => Ok(Some(location)),
        Err(error) => Err(nothing(&error)),
    }
}

/// Whatever a file holds. Ctrl-C ends the wait for a slow pipe at once: the TPM is not at work yet.
fn file(tpm: &Tpm, path: &Path, prefix: Option<&str>, common: &Common) -> Result<Rows, Error> {
    let bytes = input::read(path, "name a key file")?;
    asked(tpm, || {
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

/// That there is nothing; the advice says where to look.
fn absent(what: &str, handle: Handle, error: tpm::Error) -> Error {
    match error.kind() {
        ErrorKind::NoObject => Error::request(
            format!("there is no {what} at {handle}"),
            "`tpm2-keytool status` lists what this TPM holds",
        ),
        _ => Error::Tpm(error),
    }
}
