//! What stands in a file or an NV index becomes objects.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use keyfile::uri::Password;
use keyfile::{Content, KeyFile, Public, contents};
use zeroize::Zeroizing;

use super::password;
use super::{Object, Opening};
use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::Pkey;
use crate::input;
use crate::key::{Key, Kind, Material, TpmKey};
use crate::op::decoder;

/// Opens what stands in a file.
///
/// # Errors
/// It cannot be read, or there is nothing in it.
pub(super) fn of_file(path: &Path, password: &Password, opening: Opening<'_>) -> Result<Vec<Object>> {
    let octets = read(path)?;
    objects(&octets, password, opening, &path.display().to_string())
}

/// Everything that is wanted of what stands there; `origin` says where.
///
/// # Errors
/// There is nothing, or something damaged.
pub(super) fn objects(
    octets: &[u8],
    password: &Password,
    opening: Opening<'_>,
    origin: &str,
) -> Result<Vec<Object>> {
    let found = contents(octets)
        .map_err(|source| Error::new(Reason::Contents, origin.to_owned()).with_source(source))?;
    let mut objects = Vec::new();
    for content in found {
        objects.extend(object(content, password, opening)?);
    }
    Ok(objects)
}

/// A file, up to the size of the largest that is of use.
///
/// # Errors
/// `File`: it cannot be read.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    input::read(path, KeyFile::MAX_SIZE).map_err(|error| match error.kind() {
        ErrorKind::FileTooLarge => {
            Error::new(Reason::File, format!("{} is larger than any key file", path.display()))
        }
        _ => Error::new(Reason::File, path.display().to_string()).with_source(error),
    })
}

fn object(content: Content, password: &Password, opening: Opening<'_>) -> Result<Option<Object>> {
    let wanted = opening.wanted;
    match content {
        Content::Certificate(der) if wanted.certificate(&der) => Ok(Some(Object::Certificate(der))),
        Content::PublicKey(der) if wanted.public_key() => public_key(der, opening).map(Some),
        Content::Key(file) if wanted.only_public_half() => public_half(file.public, opening).map(Some),
        Content::Key(file) if wanted.key() => {
            let kind = decoder::type_of(&file.public)?;
            let auth = match password::stored(password)? {
                Some(auth) => Some(auth),
                None => decoder::password(&file, opening.passphrase),
            };
            Ok(Some(key(kind, TpmKey::from_file(*file, auth), opening)))
        }
        Content::Reference(reference) if wanted.only_public_half() => {
            public_half(reference.public, opening).map(Some)
        }
        Content::Reference(reference) if wanted.key() => {
            let kind = decoder::type_of(&reference.public)?;
            let auth = password::stored(password)?;
            let referenced = decoder::referenced(opening.provider, *reference, auth, opening.passphrase)?;
            Ok(Some(key(kind, referenced, opening)))
        }
        _ => Ok(None),
    }
}

fn key(kind: Kind, key: TpmKey, opening: Opening<'_>) -> Object {
    Object::Key(Arc::new(Key::new(opening.provider, kind, Material::Tpm(key))))
}

fn public_half(public: Public, opening: Opening<'_>) -> Result<Object> {
    let kind = decoder::type_of(&public)?;
    Ok(key(kind, TpmKey::public_only(public), opening))
}

/// A public key of a type that we have is ours, so that it can be had with no other provider; another is for the application's.
fn public_key(der: Vec<u8>, opening: Opening<'_>) -> Result<Object> {
    let pkey = Pkey::public_from_der(opening.provider.software()?, &der)?;
    let kind = [Kind::Rsa, Kind::RsaPss, Kind::Ec].into_iter().find(|kind| pkey.is_a(kind.algorithm()));
    Ok(match kind {
        Some(kind) => Object::Key(Arc::new(Key::new(opening.provider, kind, Material::Software(pkey)))),
        None => Object::PublicKey(der),
    })
}
