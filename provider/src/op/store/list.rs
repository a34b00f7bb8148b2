//! Lists everything that has a URI: persistent keys, and NV indexes with usable contents that can be read
//! without a password. If the caller wants everything, an unreadable index is listed with the reason, and
//! with a URI that opens nothing.

use std::error::Error as _;

use keyfile::wire::WireError;
use keyfile::{Content, Handle, contents};
use tpm::ErrorKind;

use super::nv::{self, Peek};
use super::{Found, Object, Opening};
use crate::error::Result;
use crate::key::Kind;

/// Returns a name for each object.
///
/// # Errors
/// No TPM is reachable, or it fails in the middle: a partial list would look complete.
pub(super) fn all(opening: Opening<'_>) -> Result<Vec<Found>> {
    let tpm = opening.provider.tpm()?;
    let libcrypto = opening.provider.core().libcrypto();
    let mut names = Vec::new();
    // A caller that searches for certificates opens what is listed. An entry without contents would be no
    // certificate.
    let everything = opening.wanted.wants_everything();
    if opening.wanted.any_key() {
        for handle in tpm.persistent_handles()? {
            let uri = format!("tpm2:handle={handle}");
            match seen(tpm.read_public(handle))? {
                Seen::Gone => {}
                Seen::Unknown(why) if everything => names.push(unread(handle, &why)),
                Seen::Unknown(_) => {}
                Seen::Found((public, _)) => {
                    names.extend(Kind::of(&public).map(|kind| name(uri, format!("{} key", kind.name()))));
                }
            }
        }
    }
    for index in tpm.nv_indexes()? {
        let uri = format!("tpm2:nv={index}");
        let read = match seen(tpm.nv_public_before_read(index))? {
            Seen::Gone => continue,
            Seen::Unknown(why) => Peek::Kept(why),
            Seen::Found((public, _)) => nv::peek(tpm, &public)?,
        };
        let found = match read {
            Peek::Contents(bytes) => contents(&bytes).unwrap_or_default(),
            Peek::Nothing => continue,
            Peek::Kept(why) => {
                if everything {
                    names.push(unread(index, &why));
                }
                continue;
            }
        };
        for content in &found {
            let what = match content {
                Content::Certificate(_) => "certificate",
                Content::RevocationList(_) => "revocation list",
                Content::PublicKey(_) => "public key",
                Content::Key(_) | Content::Reference(_) => "key file",
            };
            if opening.wanted.content(content, libcrypto)? {
                names.push(name(uri, what.to_owned()));
                break;
            }
        }
    }
    Ok(names)
}

fn name(uri: String, description: String) -> Found {
    Found::Object(Object::Name(uri, description))
}

fn unread(handle: Handle, why: &str) -> Found {
    name(format!("tpm2:unread={handle}"), format!("not read: {why}"))
}

/// The result of reading an object.
enum Seen<T> {
    Found(T),
    /// The object has been removed meanwhile.
    Gone,
    /// The object has an unknown algorithm.
    Unknown(String),
}

fn seen<T>(read: std::result::Result<T, tpm::Error>) -> Result<Seen<T>> {
    let unknown = |error: &tpm::Error| {
        let source = error.source().and_then(|source| source.downcast_ref());
        matches!(source, Some(WireError::Unknown { .. }))
    };
    match read {
        Ok(found) => Ok(Seen::Found(found)),
        Err(error) if error.kind() == ErrorKind::NoObject => Ok(Seen::Gone),
        Err(error) if unknown(&error) => Ok(Seen::Unknown(error.cause().to_string())),
        Err(error) => Err(error.into()),
    }
}
