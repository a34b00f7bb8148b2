//! Where a section has its key from: a file, or a persistent handle with its public key from a file or the TPM.

use std::path::{Path, PathBuf};

use keyfile::uri::Password;
use keyfile::wire::Unmarshal;
use keyfile::{Attributes, Content, Handle, HashAlg, Public, PublicKey, Serialized, contents};
use tpm::Tpm;

use super::Section;
use crate::error::Error;
use crate::file::{self, Naming, Parsed, is_parent};
use crate::key::{Place, TokenKey};
use crate::{number, spki};

/// The place of the private key.
#[derive(Clone)]
pub(crate) enum Private {
    /// A key file or a reference. A password part of the URI takes precedence over the one of a reference.
    File(PathBuf, Password),
    /// A serialized object of tpm2-tss.
    Serialized(PathBuf, Password),
    /// A persistent handle.
    Handle(Handle, Password),
}

/// A public key, and whether it is the whole public area.
enum PublicSource {
    /// The public area, as the TPM has it.
    Area(Public),
    /// Only the public key.
    Key(PublicKey),
}

impl Private {
    /// Returns the file; none for a handle.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path, _) | Self::Serialized(path, _) => Some(path),
            Self::Handle(..) => None,
        }
    }
}

impl std::fmt::Debug for Private {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path, _) | Self::Serialized(path, _) => path.fmt(f),
            Self::Handle(handle, _) => handle.fmt(f),
        }
    }
}

impl Section {
    /// Reads the key, and the other contents of its file.
    pub(super) fn key(&self, tpm: &Tpm) -> Result<(TokenKey, Option<(PathBuf, Parsed)>), Error> {
        match &self.private {
            Private::File(path, password) => {
                let (key, parsed) = self.of_file(path, password)?;
                Ok((key, Some((path.clone(), parsed))))
            }
            Private::Serialized(path, password) => {
                let (handle, public) = serialized(path)?;
                self.at_handle(handle, PublicSource::Area(public), password).map(|key| (key, None))
            }
            Private::Handle(handle, password) => {
                let public = match &self.public {
                    Some(path) => PublicSource::read(path)?,
                    None => PublicSource::Area(tpm.read_public(*handle)?.0),
                };
                self.at_handle(*handle, public, password).map(|key| (key, None))
            }
        }
    }

    fn of_file(&self, path: &Path, password: &Password) -> Result<(TokenKey, Parsed), Error> {
        let naming = Naming { label: &self.name, prefix: self.prefix.as_deref() };
        let mut parsed = file::read(path, naming)?;
        let keys = std::mem::take(&mut parsed.keys);
        let Some(key) = keys.into_iter().next().and_then(std::sync::Arc::into_inner) else {
            return Err(match parsed.faults.pop().and_then(std::sync::Arc::into_inner) {
                Some(error) => error,
                None => no_key(path),
            });
        };
        let password = match password {
            Password::Unspecified => key.password.clone(),
            given => given.clone(),
        };
        let id = self.id.clone().unwrap_or_else(|| key.id.clone());
        let label = self.label.clone().unwrap_or_else(|| key.label.clone());
        Ok((TokenKey { id, label, password, ..key }, parsed))
    }

    fn at_handle(
        &self,
        handle: Handle,
        public: PublicSource,
        password: &Password,
    ) -> Result<TokenKey, Error> {
        let exact = matches!(public, PublicSource::Area(_));
        let public = match public {
            PublicSource::Area(public) => public,
            PublicSource::Key(key) => assumed(key),
        };
        let spki = spki::encoded(&public.key).filter(|_| !is_parent(&public));
        let (Some(spki), Some(id)) = (spki, spki::id(&public.key)) else {
            return Err(Error::request(
                format!("the object at {handle} is no RSA or EC key that signs or decrypts"),
                "`tpm2-keytool list` describes the persistent objects of the TPM",
            ));
        };
        Ok(TokenKey {
            number: number::next(),
            id: self.id.clone().unwrap_or(id),
            label: self.label.clone().unwrap_or_else(|| self.name.clone()),
            public,
            spki,
            path: self.private.path().map(Path::to_owned),
            block: 0,
            place: Place::Handle { handle, empty_auth: false, exact },
            password: password.clone(),
        })
    }
}

impl PublicSource {
    /// Reads a SubjectPublicKeyInfo in PEM or DER, a key file, a reference, a serialized object, or a public area of the TPM.
    fn read(path: &Path) -> Result<Self, Error> {
        let bytes = file::bytes_of(path)?;
        for content in contents(&bytes).unwrap_or_default() {
            match content {
                Content::PublicKey(der) => {
                    return spki::public_key(&der).map(Self::Key).ok_or_else(|| no_public(path));
                }
                Content::Key(file) => return Ok(Self::Area(file.public)),
                Content::Reference(reference) => return Ok(Self::Area(reference.public)),
                Content::Certificate(_) | Content::RevocationList(_) => {}
            }
        }
        if let Ok(Serialized::Key { public, .. }) = Serialized::from_bytes(&bytes) {
            return Ok(Self::Area(*public));
        }
        let area = Public::from_sized(&bytes).or_else(|_| Public::from_bytes(&bytes));
        area.map(Self::Area).map_err(|_| no_public(path))
    }
}

/// Returns a public area for a public key: what a usual key may do. The real one is read when the key is opened.
fn assumed(key: PublicKey) -> Public {
    let attributes = Attributes::SIGN.union(Attributes::DECRYPT).union(Attributes::USER_WITH_AUTH);
    Public { name_alg: HashAlg::Sha256, attributes, auth_policy: Vec::new(), key }
}

fn serialized(path: &Path) -> Result<(Handle, Public), Error> {
    match Serialized::from_bytes(&file::bytes_of(path)?) {
        Ok(Serialized::Key { handle, public }) if handle.is_persistent() => Ok((handle, *public)),
        _ => Err(Error::file(
            path,
            "it is not the serialized object of a persistent key",
            "write it with `tpm2_evictcontrol -o`, or name the key with handle:",
        )),
    }
}

fn no_key(path: &Path) -> Error {
    Error::file(
        path,
        "it contains no RSA or EC key that signs or decrypts",
        "name a key file or a reference; `tpm2-keytool show FILE` describes one",
    )
}

fn no_public(path: &Path) -> Error {
    Error::file(
        path,
        "it contains no public key, in PEM or DER, and is no public area of the TPM",
        "write one with `tpm2_readpublic -c HANDLE -f pem -o FILE`, or omit the line",
    )
}
