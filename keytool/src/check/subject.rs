//! The key to check: a file, a reference or a URI, and where its password comes from.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf, absolute};

use keyfile::uri::{Location, Password, Uri};
use keyfile::{Handle, KeyFile, KeyReference, Public, Serialized};
use tpm::config::first_line;

use super::readable;
use crate::error::Error;
use crate::input;
use crate::key_password::Role;
use crate::password::{Passwords, Secret};

/// A key, as a service names it.
pub(crate) struct Subject {
    /// The path or URI that libcrypto opens.
    pub(crate) uri: OsString,
    pub(crate) kind: Kind,
    /// The description for the report.
    pub(crate) text: String,
    /// The password part of the URI.
    source: Password,
}

/// The location of the key.
pub(crate) enum Kind {
    /// In a key file.
    File(Box<KeyFile>),
    /// At a persistent handle. A file that refers to it also contains the expected public area.
    Handle(Handle, Option<Box<Public>>),
    /// In an NV index.
    Nv(Handle),
}

impl Subject {
    /// Parses the argument, and reads the file if it is one.
    ///
    /// # Errors
    /// The file cannot be read, or it is not a key of a TPM.
    pub(crate) fn read(key: &Path, prefix: Option<&str>) -> Result<Self, Error> {
        let Some(text) = uri(key, prefix) else {
            return Self::of_file(key.to_owned(), Password::Unspecified);
        };
        // The argument is not repeated, because it may contain a password.
        let wrong = |why: &dyn std::fmt::Display| {
            Error::request(
                format!("the URI does not name a key: {why}"),
                "give a key file, or the URI of a persistent key, such as handle:0x81000100",
            )
        };
        let Uri { location, password: source } = Uri::parse(&text, prefix).map_err(|error| wrong(&error))?;
        let uri = OsString::from(text);
        match location {
            Location::Key(handle) => {
                let text = format!("it is at the persistent handle {handle}");
                Ok(Self { uri, kind: Kind::Handle(handle, None), text, source })
            }
            Location::Nv(index) => {
                let text = format!("it is in the NV index {index}");
                Ok(Self { uri, kind: Kind::Nv(index), text, source })
            }
            Location::File(path) | Location::Serialized(path) => {
                Ok(Self { uri, ..Self::of_file(path, source)? })
            }
            Location::Transient(_) => Err(wrong(&"a transient object belongs to the program that loaded it")),
            Location::All | Location::Unread(_) => Err(wrong(&"it refers to several objects")),
        }
    }

    fn of_file(path: PathBuf, source: Password) -> Result<Self, Error> {
        // The path is made absolute, because a service starts in another folder, and every folder of the path is checked.
        let path = absolute(&path).map_err(|source| Error::read(&path, source))?;
        if fs::metadata(&path).is_ok_and(|found| found.file_type().is_fifo()) {
            let problem = "it is a pipe, which OpenSSL cannot read a second time";
            return Err(Error::file(&path, problem, "name a key file"));
        }
        let bytes = input::read(&path, "name a key file").map_err(readable::explained)?;
        let uri = path.clone().into_os_string();
        let not_a_key = match KeyFile::parse(&bytes) {
            Ok(file) => {
                let text = format!("{} is a readable key file", path.display());
                return Ok(Self { uri, kind: Kind::File(Box::new(file)), text, source });
            }
            Err(error) => error,
        };
        let refers =
            |handle| format!("{} is readable and refers to the persistent handle {handle}", path.display());
        if let Ok(reference) = KeyReference::parse(&bytes) {
            let target = Uri::parse(&reference.uri, None);
            let Ok(Uri { location: Location::Key(handle), password }) = target else {
                let problem = "it is a reference that does not refer to a persistent key";
                return Err(Error::file(&path, problem, "write it again with `tpm2-keytool reference`"));
            };
            // OpenSSL asks the program for the password of such a key, so the user is asked here. The empty password is not tried.
            let source = match password {
                Password::Unspecified | Password::Unmarked if !reference.empty_auth => Password::Asked,
                source => source,
            };
            let kind = Kind::Handle(handle, Some(Box::new(reference.public)));
            return Ok(Self { uri, kind, text: refers(handle), source });
        }
        if let Ok(Serialized::Key { handle, public }) = Serialized::from_bytes(&bytes) {
            let mut object = OsString::from("object:");
            object.push(&uri);
            let source = if matches!(source, Password::Unspecified) { Password::Unmarked } else { source };
            let kind = Kind::Handle(handle, Some(public));
            return Ok(Self { uri: object, kind, text: refers(handle), source });
        }
        Err(Error::KeyFile { path, source: not_a_key })
    }

    /// Returns the password: `given`, or the one of the URI. If the key file needs a password and neither exists, asks on the terminal. `role` names
    /// the password then.
    ///
    /// # Errors
    /// A password is needed but cannot be read.
    pub(crate) fn password(
        &self,
        given: Option<Secret>,
        passwords: &mut Passwords,
        role: Role,
    ) -> Result<Option<Secret>, Error> {
        let what = &role.password();
        match (&self.source, &self.kind) {
            _ if given.is_some() => Ok(given),
            (Password::Value(value), _) => Ok(Some(Secret::from(value.to_vec()))),
            (Password::Source(path), _) => {
                let line =
                    first_line(path).map_err(|source| readable::explained(Error::read(path, source)))?;
                Ok(Some(Secret::from(line)))
            }
            (Password::Asked, _) => passwords.ask(what).map(Some),
            (_, Kind::File(file)) if file.needs_password() => passwords.ask(what).map(Some),
            _ => Ok(None),
        }
    }
}

impl Subject {
    /// Returns true if OpenSSL does not ask for the password, because the URI has the form of tpm2-openssl without `?pass`.
    pub(crate) fn is_unmarked(&self) -> bool {
        matches!(self.source, Password::Unmarked)
    }
}

/// Returns the URI of the argument, or none if it is a path. A bare handle becomes a URI, too, because users often type that.
fn uri(key: &Path, prefix: Option<&str>) -> Option<String> {
    let text = key.to_str().filter(|_| !key.exists())?;
    if text.split('?').next().is_some_and(|text| text.parse::<Handle>().is_ok()) {
        return Some(format!("tpm2:handle={text}"));
    }
    let scheme = text.split_once(':').map(|(scheme, _)| scheme);
    let known = scheme.is_some_and(|scheme| Uri::SCHEMES.iter().any(|one| one.eq_ignore_ascii_case(scheme)));
    (known || prefix.is_some_and(|prefix| text.starts_with(prefix))).then(|| text.to_owned())
}
