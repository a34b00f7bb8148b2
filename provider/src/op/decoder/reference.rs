//! Turns a key reference file into a key object. The file contains the public area. The TPM is used only to
//! verify a password. Before its first use, the key at the handle is compared with the public area; then a
//! difference can be reported.

use std::sync::Arc;

use keyfile::uri::{Location, Uri};
use keyfile::{Handle, KeyReference};
use tpm::Auth;

use crate::error::{Error, Reason, Result};
use crate::ffi::callback::Passphrase;
use crate::key::{AtHandle, KeyAuth, TpmKey};
use crate::op::store;
use crate::provider::Provider;

/// Returns the key that a reference names. A given password overrides the password source in the reference.
///
/// # Errors
/// `Uri`, `WrongHandle`: it names no persistent key. `PasswordMissing`, `Authorization`: the password is
/// missing or wrong.
pub(crate) fn referenced(
    provider: &Arc<Provider>,
    reference: KeyReference,
    given: Option<Auth>,
    passphrase: &Passphrase<'_>,
) -> Result<TpmKey> {
    let (uri, handle) = read(provider, &reference)?;
    let auth = match given {
        Some(auth) => KeyAuth::Known(Some(auth)),
        None => store::for_reference(&uri, &reference, passphrase)?,
    };
    TpmKey::from_handle(AtHandle { handle, reference }, auth).opened(provider)
}

/// Returns the URI of a reference and the handle that it names.
///
/// # Errors
/// As `referenced`, except for the password.
pub(super) fn read(provider: &Arc<Provider>, reference: &KeyReference) -> Result<(Uri, Handle)> {
    let uri = Uri::parse(&reference.uri, tpm::config::nv_prefix(&**provider)?.as_deref())?;
    let Location::Key(handle) = uri.location else {
        let text = "the key reference does not name a persistent key (0x81......)";
        return Err(Error::new(Reason::WrongHandle, text));
    };
    Ok((uri, handle))
}
