//! A reference file becomes a key object: the file holds the public area. A TPM is asked only to prove a password. What is at the handle
//! is compared with the public area before its first use, which can say what is wrong.

use std::sync::Arc;

use keyfile::uri::{Location, Uri};
use keyfile::{Handle, KeyReference};
use tpm::Auth;

use crate::error::{Error, Reason, Result};
use crate::ffi::callback::Passphrase;
use crate::key::{KeyAuth, Place, TpmKey};
use crate::op::store;
use crate::provider::Provider;

/// The key that a reference leads to. A password that is given goes before what the reference says of one.
///
/// # Errors
/// `Uri`, `WrongHandle`: it leads to no persistent key. `PasswordMissing`, `Authorization`: its password is missing or wrong.
pub(crate) fn referenced(
    provider: &Arc<Provider>,
    reference: KeyReference,
    given: Option<Auth>,
    passphrase: &Passphrase<'_>,
) -> Result<TpmKey> {
    let (uri, handle) = read(provider, &reference)?;
    let auth = match given {
        Some(auth) => KeyAuth::Known(Some(auth)),
        None => store::of_reference(&uri, &reference, passphrase)?,
    };
    TpmKey::at(Place { handle, reference }, auth).opened(provider)
}

/// The URI of a reference, and the handle that it leads to.
///
/// # Errors
/// As `referenced`, but for the password.
pub(super) fn read(provider: &Arc<Provider>, reference: &KeyReference) -> Result<(Uri, Handle)> {
    let uri = Uri::parse(&reference.uri, tpm::config::nv_prefix(&**provider)?.as_deref())?;
    let Location::Key(handle) = uri.location else {
        let text = "the key reference leads to something else than a persistent key (0x81......)";
        return Err(Error::new(Reason::WrongHandle, text));
    };
    Ok((uri, handle))
}
