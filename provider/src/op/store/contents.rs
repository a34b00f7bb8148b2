//! Turns the contents of a file or an NV index into objects, each when it is loaded.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use keyfile::uri::Password;
use keyfile::{Content, KeyFile, Public, contents};
use zeroize::Zeroizing;

use super::password;
use super::{Found, Object, Opening};
use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::Pkey;
use crate::key::{Key, Kind, Material, TpmKey};
use crate::op::decoder;

/// Returns all wanted contents. `origin` describes the source.
///
/// # Errors
/// There are none, or they are damaged.
pub(super) fn found(
    bytes: &[u8],
    password: &Password,
    opening: Opening<'_>,
    origin: &str,
) -> Result<Vec<Found>> {
    let found = contents(bytes)
        .map_err(|source| Error::new(Reason::Contents, origin.to_owned()).with_source(source))?;
    let wanted = opening.wanted;
    let libcrypto = opening.provider.core().libcrypto();
    let mut all = Vec::new();
    for content in found {
        if wanted.content(&content, libcrypto)? {
            all.push(Found::Content(content, password.clone()));
        }
    }
    Ok(all)
}

/// Opens an object.
///
/// # Errors
/// OpenSSL lacks the key type, a reference names no key, or the password file cannot be read.
pub(super) fn object(content: Content, password: &Password, opening: Opening<'_>) -> Result<Object> {
    let only_public_half = opening.wanted.only_public_half();
    match content {
        Content::Certificate(der) => Ok(Object::Certificate(der)),
        Content::RevocationList(der) => Ok(Object::RevocationList(der)),
        Content::PublicKey(der) => public_key(der, opening),
        Content::Key(file) if only_public_half => public_half(file.public, opening),
        Content::Key(file) => {
            let kind = decoder::type_of(&file.public)?;
            let auth = match password::from_uri(password)? {
                Some(auth) => Some(auth),
                // A file may state wrongly that its key has no password.
                None if matches!(password, Password::Asked) => {
                    let what = file.description.as_deref().unwrap_or("TPM key");
                    match password::prompt(what, opening.passphrase) {
                        Err(_) if !file.needs_password() => None,
                        auth => Some(auth?),
                    }
                }
                None => decoder::password(&file, opening.passphrase)?,
            };
            Ok(key(kind, TpmKey::from_file(*file, auth).opened(opening.provider)?, opening))
        }
        Content::Reference(reference) if only_public_half => public_half(reference.public, opening),
        Content::Reference(reference) => {
            let kind = decoder::type_of(&reference.public)?;
            let auth = password::from_uri(password)?;
            let referenced = decoder::referenced(opening.provider, *reference, auth, opening.passphrase)?;
            Ok(key(kind, referenced, opening))
        }
    }
}

/// Reads a file, up to the size of the largest key file.
///
/// # Errors
/// `File`: it cannot be read.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    tpm::input::read(path, KeyFile::MAX_SIZE).map_err(|error| match error.kind() {
        ErrorKind::FileTooLarge => {
            Error::new(Reason::File, format!("{} is larger than any key file", path.display()))
        }
        _ => Error::new(Reason::File, path.display().to_string()).with_source(error),
    })
}

fn key(kind: Kind, key: TpmKey, opening: Opening<'_>) -> Object {
    Object::Key(Arc::new(Key::new(opening.provider, kind, Material::Tpm(key))))
}

fn public_half(public: Public, opening: Opening<'_>) -> Result<Object> {
    let kind = decoder::type_of(&public)?;
    Ok(key(kind, TpmKey::public_only(public), opening))
}

/// A public key of a type that this provider has becomes a key of this provider, so it works without any
/// other provider. Other types are left to the application's providers.
fn public_key(der: Vec<u8>, opening: Opening<'_>) -> Result<Object> {
    let pkey = Pkey::public_from_der(opening.provider.software()?, &der)?;
    let kind = [Kind::Rsa, Kind::RsaPss, Kind::Ec].into_iter().find(|kind| pkey.is_a(kind.algorithm()));
    Ok(match kind {
        Some(kind) => Object::Key(Arc::new(Key::new(opening.provider, kind, Material::Software(pkey)))),
        None => Object::PublicKey(der),
    })
}
