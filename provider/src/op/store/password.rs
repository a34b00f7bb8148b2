//! Where the password of a key in the TPM comes from: its URI says it, or it is asked for when one is needed.

use keyfile::uri::{Password, Uri};
use keyfile::{Attributes, Handle, KeyReference, Public};
use tpm::Auth;

use crate::config;
use crate::error::{Error, Reason, Result};
use crate::ffi::callback::Passphrase;
use crate::key::KeyAuth;
use crate::provider::Provider;

/// A password, if there is one.
pub(super) struct Found {
    pub(super) auth: Option<Auth>,
    /// Whether the TPM said that there is none.
    pub(super) none: bool,
}

/// The password of a key at a handle.
///
/// A key under dictionary-attack protection is not tried with the empty password before somebody was asked, because a failure counts;
/// where nobody answers, whoever opens the key tries it once.
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
    let what = format!("key at {handle}");
    let ask = || asked(&what, passphrase).map(|auth| Found { auth: Some(auth), none: false });
    if let Some(auth) = said(password)? {
        return Ok(Found { auth: Some(auth), none: false });
    }
    let protected = !public.attributes.contains(Attributes::NO_DA);
    let by_password = public.attributes.contains(Attributes::USER_WITH_AUTH);
    match password {
        Password::Asked => ask(),
        _ if !by_password => Ok(Found { auth: None, none: false }),
        Password::Unmarked if protected => Ok(Found { auth: None, none: false }),
        _ if protected => Ok(Found { auth: Some(asked_or_empty(&what, passphrase)), none: false }),
        _ if provider.tpm()?.accepts_empty_auth(handle, public)? => Ok(Found { auth: None, none: true }),
        _ => ask(),
    }
}

/// The password of the key that a reference file leads to, without a word to the TPM. The file says only whether there is none.
///
/// A file that holds the password is read now, if it may be: a server reads it before it gives up its rights.
///
/// # Errors
/// `PasswordMissing`: the URI says `?pass`, and nobody answers.
pub(crate) fn of_reference(
    uri: &Uri,
    reference: &KeyReference,
    passphrase: &Passphrase<'_>,
) -> Result<KeyAuth> {
    Ok(match (&uri.password, said(&uri.password)) {
        (_, Ok(Some(auth))) => KeyAuth::Known(Some(auth)),
        (Password::Source(path), Err(_)) => KeyAuth::Unread(path.clone()),
        // Known to be right, and not a guess.
        _ if reference.empty_auth => KeyAuth::Known(Some(Auth::new([]))),
        (Password::Asked, _) => KeyAuth::Known(Some(asked(&reference.uri, passphrase)?)),
        _ => KeyAuth::Known(Some(asked_or_empty(&reference.uri, passphrase))),
    })
}

/// What the URI says.
///
/// # Errors
/// The file with the password cannot be read.
pub(super) fn said(password: &Password) -> Result<Option<Auth>> {
    match password {
        Password::Value(value) => Ok(Some(Auth::new(value.as_slice()))),
        Password::Source(path) => config::password_in(path).map(Some),
        Password::Asked | Password::Unspecified | Password::Unmarked => Ok(None),
    }
}

/// The same for a key that may have none, as nobody knows: where nobody answers, the empty one is tried when the key is opened.
fn asked_or_empty(what: &str, passphrase: &Passphrase<'_>) -> Auth {
    asked(what, passphrase).unwrap_or_else(|_| Auth::new([]))
}

/// Asks for it. Nothing is locked while the user is asked.
///
/// # Errors
/// `PasswordMissing`: nobody answers. Opening an encrypted software key fails then, too.
pub(crate) fn asked(what: &str, passphrase: &Passphrase<'_>) -> Result<Auth> {
    // Whoever wrote the URI or made the file must not write on the terminal of whoever opens it.
    let what: String = what.chars().filter(|character| !character.is_control()).collect();
    passphrase.ask(&what).map(|password| Auth::new(password.as_slice())).ok_or_else(|| {
        let text = format!("{what} has a password, and none was given: give it, for instance with -passin");
        Error::new(Reason::PasswordMissing, text)
    })
}
