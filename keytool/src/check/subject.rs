//! The key that is checked: a file, a reference, or a URI, and what they say about its password.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf, absolute};

use keyfile::uri::{Location, Password, Uri};
use keyfile::{Handle, KeyFile, KeyReference, Public, Serialized};
use tpm::config::first_line;

use super::reach;
use crate::error::Error;
use crate::input;
use crate::password::{Passwords, Secret};

/// A key, as a service would name it.
pub(super) struct Subject {
    /// What libcrypto opens.
    pub(super) uri: OsString,
    pub(super) kind: Kind,
    /// What it is, in words.
    pub(super) told: String,
    said: Password,
}

/// Where the key is.
pub(super) enum Kind {
    /// In a key file.
    File(Box<KeyFile>),
    /// At a persistent handle, and with this public area, if something says so.
    Handle(Handle, Option<Box<Public>>),
    /// In an NV index.
    Nv(Handle),
}

impl Subject {
    /// Understands what was named, and reads the file if it is one.
    ///
    /// # Errors
    /// It cannot be read, or is no key of a TPM.
    pub(super) fn read(key: &Path, prefix: Option<&str>) -> Result<Self, Error> {
        let Some(text) = uri(key, prefix) else {
            return Self::of_file(key.to_owned(), Password::Unspecified);
        };
        // Not the text: a password may stand in it.
        let wrong = |why: &dyn std::fmt::Display| {
            Error::request(
                format!("the URI names no key: {why}"),
                "give a key file, or the URI of a persistent key, such as handle:0x81000100",
            )
        };
        let Uri { location, password: said } = Uri::parse(&text, prefix).map_err(|error| wrong(&error))?;
        let uri = OsString::from(text);
        match location {
            Location::Key(handle) => {
                let told = format!("it is at the persistent handle {handle}");
                Ok(Self { uri, kind: Kind::Handle(handle, None), told, said })
            }
            Location::Nv(index) => {
                let told = format!("it is in the NV index {index}");
                Ok(Self { uri, kind: Kind::Nv(index), told, said })
            }
            Location::File(path) | Location::Serialized(path) => {
                Ok(Self { uri, ..Self::of_file(path, said)? })
            }
            Location::Transient(_) => Err(wrong(&"a transient object belongs to the program that loaded it")),
            Location::All | Location::Unread(_) => Err(wrong(&"it names several objects")),
        }
    }

    fn of_file(path: PathBuf, said: Password) -> Result<Self, Error> {
        // Every folder on the way counts: a service starts in another one.
        let path = absolute(&path).map_err(|source| Error::read(&path, source))?;
        if fs::metadata(&path).is_ok_and(|found| found.file_type().is_fifo()) {
            let problem = "it is a pipe, which OpenSSL cannot read once more";
            return Err(Error::file(&path, problem, "name a key file"));
        }
        let bytes = input::read(&path, "name a key file").map_err(reach::explained)?;
        let uri = path.clone().into_os_string();
        let not_a_key = match KeyFile::parse(&bytes) {
            Ok(file) => {
                let told = format!("{} is a key file, and readable", path.display());
                return Ok(Self { uri, kind: Kind::File(Box::new(file)), told, said });
            }
            Err(error) => error,
        };
        let leads =
            |handle| format!("{} is readable, and leads to the persistent handle {handle}", path.display());
        if let Ok(reference) = KeyReference::parse(&bytes) {
            let led = Uri::parse(&reference.uri, None);
            let Ok(Uri { location: Location::Key(handle), password }) = led else {
                let problem = "it is a reference that leads to no persistent key";
                return Err(Error::file(&path, problem, "make it again with `tpm2-keytool reference`"));
            };
            // The program is asked for the password of such a key, so it is asked for here: nothing is tried instead.
            let said = match password {
                Password::Unspecified | Password::Unmarked if !reference.empty_auth => Password::Asked,
                said => said,
            };
            let kind = Kind::Handle(handle, Some(Box::new(reference.public)));
            return Ok(Self { uri, kind, told: leads(handle), said });
        }
        if let Ok(Serialized::Key { handle, public }) = Serialized::from_bytes(&bytes) {
            let mut object = OsString::from("object:");
            object.push(&uri);
            let said = if matches!(said, Password::Unspecified) { Password::Unmarked } else { said };
            let kind = Kind::Handle(handle, Some(public));
            return Ok(Self { uri: object, kind, told: leads(handle), said });
        }
        Err(Error::KeyFile { path, source: not_a_key })
    }

    /// The password: the one that was given, the one that the URI names, or an answer at the terminal where the key file says that one is
    /// needed.
    ///
    /// # Errors
    /// It cannot be had.
    pub(super) fn password(
        &self,
        given: Option<Secret>,
        passwords: &mut Passwords,
    ) -> Result<Option<Secret>, Error> {
        const WHAT: &str = "password of the key";
        match (&self.said, &self.kind) {
            _ if given.is_some() => Ok(given),
            (Password::Value(word), _) => Ok(Some(Secret::from(word.to_vec()))),
            (Password::Source(path), _) => {
                let word = first_line(path).map_err(|source| reach::explained(Error::read(path, source)))?;
                Ok(Some(Secret::from(word)))
            }
            (Password::Asked, _) => passwords.ask(WHAT).map(Some),
            (_, Kind::File(file)) if file.needs_password() => passwords.ask(WHAT).map(Some),
            _ => Ok(None),
        }
    }
}

impl Subject {
    /// Returns true if whoever opens the key is not asked for its password, because the URI has the form of tpm2-openssl, where `?pass` says
    /// that there is one.
    pub(super) fn is_unmarked(&self) -> bool {
        matches!(self.said, Password::Unmarked)
    }
}

/// What was named, if it is no path; a bare handle is what people type.
fn uri(key: &Path, prefix: Option<&str>) -> Option<String> {
    let text = key.to_str().filter(|_| !key.exists())?;
    if text.split('?').next().is_some_and(|text| text.parse::<Handle>().is_ok()) {
        return Some(format!("tpm2:handle={text}"));
    }
    let scheme = text.split_once(':').map(|(scheme, _)| scheme);
    let known = scheme.is_some_and(|scheme| Uri::SCHEMES.iter().any(|one| one.eq_ignore_ascii_case(scheme)));
    (known || prefix.is_some_and(|prefix| text.starts_with(prefix))).then(|| text.to_owned())
}
