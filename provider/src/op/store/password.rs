//! Where the password of a key in the TPM comes from: its URI says it, or it is asked for when one is needed.

use keyfile::uri::{Password, Uri};
use keyfile::{Attributes, Handle, KeyReference, Public};
use tpm::Auth;

use crate::config;
use crate::error::{Error, Reason, Result};
use crate::ffi::callback::Passphrase;
use crate::provider::Provider;

/// A password, if there is one.
pub(super) struct Found {
    pub(super) auth: Option<Auth>,
    /// Whether the TPM said that there is none.
    pub(super) none: bool,
}

/// The password of a key at a handle.
///
/// A key under dictionary-attack protection is not tried with the empty password, because a failure counts; it is taken to have one,
/// unless the URI is of a form that says so.
///
/// # Errors
/// The file with the password cannot be read, or there is no TPM.
pub(super) fn of_key(
    password: &Password,
    handle: Handle,
    public: &Public,
    provider: &Provider,
    passphrase: &Passphrase<'_>,
) -> Result<Found> {
    let ask = || Found { auth: asked(&format!("key at {handle}"), passphrase), none: false };
    if let Some(auth) = stored(password)? {
        return Ok(Found { auth: Some(auth), none: false });
    }
    let protected = !public.attributes.contains(Attributes::NO_DA);
    let by_password = public.attributes.contains(Attributes::USER_WITH_AUTH);
    Ok(match password {
        Password::Asked => ask(),
        _ if !by_password => Found { auth: None, none: false },
        Password::Unmarked if protected => Found { auth: None, none: false },
        _ if protected => ask(),
        _ if provider.tpm()?.accepts_empty_auth(handle, public)? => Found { auth: None, none: true },
        _ => ask(),
    })
}

/// The password of the key that a reference file leads to, without a word to the TPM: the file tells whether there is one.
///
/// # Errors
/// The file with the password cannot be read.
pub(crate) fn of_reference(
    uri: &Uri,
    reference: &KeyReference,
    passphrase: &Passphrase<'_>,
) -> Result<Option<Auth>> {
    match stored(&uri.password)? {
        Some(auth) => Ok(Some(auth)),
        // Known to be right, and not a guess.
        None if reference.empty_auth => Ok(Some(Auth::new([]))),
        None => Ok(asked(&reference.uri, passphrase)),
    }
}

/// Looks whether the password that the URI says can be had.
///
/// # Errors
/// The file with the password cannot be read.
pub(crate) fn check(uri: &Uri) -> Result<()> {
    stored(&uri.password).map(drop)
}

/// What the URI says.
///
/// # Errors
/// The file with the password cannot be read.
pub(super) fn stored(password: &Password) -> Result<Option<Auth>> {
    match password {
        Password::Value(value) => Ok(Some(Auth::stored(value.as_slice()))),
        Password::Source(path) => match config::first_line(path) {
            Ok(line) => Ok(Some(Auth::stored(line))),
            Err(error) => {
                let text =
                    format!("the password file {} cannot be read: check path and rights", path.display());
                Err(Error::new(Reason::File, text).with_source(error))
            }
        },
        Password::Asked | Password::Unsaid | Password::Unmarked => Ok(None),
    }
}

/// Nothing is locked while the user is asked. When nobody answers, the first private operation can say what is missing; until then
/// the public half is of use.
pub(super) fn asked(what: &str, passphrase: &Passphrase<'_>) -> Option<Auth> {
    // Whoever wrote the URI must not write on the terminal of whoever opens it.
    let what: String = what.chars().filter(|character| !character.is_control()).collect();
    passphrase.ask(&what).map(|password| Auth::new(password.as_slice()))
}
