//! Everything that has a URI: persistent keys, and NV indexes with something of use that can be read without a password.

use std::error::Error as _;

use keyfile::wire::WireError;
use keyfile::{Content, contents};
use tpm::ErrorKind;

use super::{Found, Object, Opening, nv};
use crate::error::Result;
use crate::key::Kind;

/// A name for each.
///
/// # Errors
/// There is no TPM, or it fails in the middle: what was found until then would pass for all.
pub(super) fn all(opening: Opening<'_>) -> Result<Vec<Found>> {
    let tpm = opening.provider.tpm()?;
    let mut names = Vec::new();
    if opening.wanted.key() || opening.wanted.public_key() {
        for handle in tpm.persistent_handles()? {
            let Some((public, _)) = unless_gone(tpm.read_public(handle))? else { continue };
            if let Some(kind) = Kind::of(&public) {
                names.push(name(format!("tpm2:handle={handle}"), format!("{} key", kind.name())));
            }
        }
    }
    for index in tpm.nv_indexes()? {
        let Some((public, _)) = unless_gone(tpm.nv_public(index))? else { continue };
        let found = nv::peek(tpm, &public)?.and_then(|octets| contents(&octets).ok()).unwrap_or_default();
        let wanted = |content: &Content| match content {
            Content::Certificate(der) => opening.wanted.certificate(der).then_some("certificate"),
            Content::PublicKey(_) => opening.wanted.public_key().then_some("public key"),
            Content::Key(_) | Content::Reference(_) => opening.wanted.key().then_some("key file"),
        };
        if let Some(what) = found.iter().find_map(wanted) {
            names.push(name(format!("tpm2:nv={index}"), what.to_owned()));
        }
    }
    Ok(names)
}

fn name(uri: String, description: String) -> Found {
    Found::Object(Object::Name(uri, description))
}

/// What is gone since, or of an algorithm that nobody here knows, has no name.
fn unless_gone<T>(read: std::result::Result<T, tpm::Error>) -> Result<Option<T>> {
    let unknown = |error: &tpm::Error| {
        let source = error.source().and_then(|source| source.downcast_ref());
        matches!(source, Some(WireError::Unknown { .. }))
    };
    match read {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NoObject || unknown(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
