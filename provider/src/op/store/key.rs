//! Keys at persistent and transient handles.

use std::sync::Arc;

use keyfile::uri::Password;
use keyfile::{Handle, KeyReference, Public};
use zeroize::Zeroizing;

use super::password;
use super::{Found, Object, Opening};
use crate::error::{Error, Reason, Result};
use crate::key::{AtHandle, Key, Kind, Material, TpmKey};

/// Opens the key at a handle.
///
/// # Errors
/// There is no key, OpenSSL lacks its type, or no TPM is reachable.
pub(super) fn open(handle: Handle, password: &Password, opening: Opening<'_>) -> Result<Vec<Found>> {
    match wanted(opening) {
        true => opened(handle, public(handle, opening)?, password, opening),
        false => Ok(Vec::new()),
    }
}

/// Opens the key at a handle if it has this public area.
///
/// # Errors
/// As `open`. Also if there is another key at the handle now.
pub(super) fn open_expected(
    handle: Handle,
    expected: &Public,
    password: &Password,
    opening: Opening<'_>,
) -> Result<Vec<Found>> {
    if !handle.is_persistent() {
        let text =
            format!("the serialized object names {handle}, which is not a persistent key (0x81......)");
        return Err(Error::new(Reason::WrongHandle, text));
    }
    if !wanted(opening) {
        return Ok(Vec::new());
    }
    let found = public(handle, opening)?;
    if found != *expected {
        let text = format!("the key at {handle} differs from the serialized object");
        return Err(Error::new(Reason::NoObject, text).with_hint("serialize the key again"));
    }
    opened(handle, found, password, opening)
}

/// Reads the public area (TPM2_ReadPublic).
///
/// # Errors
/// There is no key, or no TPM is reachable.
pub(super) fn public(handle: Handle, opening: Opening<'_>) -> Result<Public> {
    let tpm = opening.provider.tpm()?;
    let read = if handle.is_transient() { tpm.read_transient(handle) } else { tpm.read_public(handle) };
    let (public, _) = read.map_err(|error| match error.kind() {
        tpm::ErrorKind::NoObject if handle.is_persistent() => {
            Error::new(Reason::NoObject, format!("there is no key at {handle}"))
                .with_source(error)
                .with_hint("`openssl storeutl tpm2:` lists all keys")
        }
        _ => Error::from(error),
    })?;
    Ok(public)
}

fn wanted(opening: Opening<'_>) -> bool {
    opening.wanted.any_key()
}

fn opened(handle: Handle, public: Public, password: &Password, opening: Opening<'_>) -> Result<Vec<Found>> {
    let kind = Kind::of(&public).ok_or_else(|| {
        let text = format!("the object at {handle} is sealed data or a symmetric key, not an RSA or EC key");
        Error::new(Reason::WrongKey, text)
    })?;
    let key = if opening.wanted.only_public_half() {
        TpmKey::public_only(public)
    } else {
        let found = password::for_key(password, handle, &public, opening.provider, opening.passphrase)?;
        let reference =
            KeyReference { uri: Zeroizing::new(format!("handle:{handle}")), empty_auth: found.none, public };
        let key = tpm::Key::persistent_with_public(
            opening.provider.tpm()?,
            handle,
            reference.public.clone(),
            found.auth.clone(),
        )?;
        TpmKey::from_handle_in_use(AtHandle { handle, reference }, found.auth, key)
            .opened(opening.provider)?
    };
    let key = Arc::new(Key::new(opening.provider, kind, Material::Tpm(key)));
    Ok(vec![Found::Object(Object::Key(key))])
}
