//! The password of a key in the TPM: from its URI, or from a prompt if one is needed.

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
    /// True if the TPM confirmed that there is no password.
    pub(super) none: bool,
}

/// Returns the password of a key at a handle.
///
/// For a key under dictionary-attack protection the user is asked before the empty password is tried, because
/// a failure counts. If there is no answer, the empty password is tried once when the key is opened.
///
/// # Errors
/// The password file cannot be read, or no TPM is reachable.
pub(super) fn for_key(
    password: &Password,
    handle: Handle,
    public: &Public,
    provider: &Provider,
    passphrase: &Passphrase<'_>,
) -> Result<Found> {
    let what = format!("key at {handle}");
    let ask = || prompt(&what, passphrase).map(|auth| Found { auth: Some(auth), none: false });
    if let Some(auth) = from_uri(password)? {
        return Ok(Found { auth: Some(auth), none: false });
    }
    let protected = !public.attributes.contains(Attributes::NO_DA);
    let by_password = public.attributes.contains(Attributes::USER_WITH_AUTH);
    match password {
        Password::Asked => ask(),
        _ if !by_password => Ok(Found { auth: None, none: false }),
        Password::Unmarked if protected => Ok(Found { auth: None, none: false }),
        _ if protected => Ok(Found { auth: Some(prompt_or_empty(&what, passphrase)), none: false }),
        _ if provider.tpm()?.accepts_empty_auth(handle, public)? => Ok(Found { auth: None, none: true }),
        _ => ask(),
    }
}

/// Returns the password of the key that a reference file names, without a TPM command. The file only states
/// whether the key has no password.
///
/// A password file is read now, if permissions allow it, so that a server can read it before dropping
/// privileges.
///
/// # Errors
/// `PasswordMissing`: the URI contains `?pass`, and there is no answer.
pub(crate) fn for_reference(
    uri: &Uri,
    reference: &KeyReference,
    passphrase: &Passphrase<'_>,
) -> Result<KeyAuth> {
    Ok(match (&uri.password, from_uri(&uri.password)) {
        (_, Ok(Some(auth))) => KeyAuth::Known(Some(auth)),
        (Password::Source(path), Err(_)) => KeyAuth::Unread(path.clone()),
        // The reference states that the key has no password, so this is not a guess.
        _ if reference.empty_auth => KeyAuth::Known(Some(Auth::new([]))),
        (Password::Asked, _) => KeyAuth::Known(Some(prompt(&reference.uri, passphrase)?)),
        _ => KeyAuth::Known(Some(prompt_or_empty(&reference.uri, passphrase))),
    })
}

/// Returns the password from the URI.
///
/// # Errors
/// The password file cannot be read.
pub(super) fn from_uri(password: &Password) -> Result<Option<Auth>> {
    match password {
        Password::Value(value) => Ok(Some(Auth::new(value.as_slice()))),
        Password::Source(path) => config::password_in(path).map(Some),
        Password::Asked | Password::Unspecified | Password::Unmarked => Ok(None),
    }
}

/// Asks for the password of a key that may have none. If there is no answer, the empty password is tried when
/// the key is opened.
fn prompt_or_empty(what: &str, passphrase: &Passphrase<'_>) -> Auth {
    prompt(what, passphrase).unwrap_or_else(|_| Auth::new([]))
}

/// Asks for the password. No lock is held meanwhile.
///
/// # Errors
/// `PasswordMissing`: there is no answer. Opening an encrypted software key fails then, too.
pub(crate) fn prompt(what: &str, passphrase: &Passphrase<'_>) -> Result<Auth> {
    // The author of a URI or a key file must not control the terminal of the user who opens it.
    let what: String = what.chars().filter(|character| !character.is_control()).collect();
    passphrase.ask(&what).map(|password| Auth::new(password.as_slice())).ok_or_else(|| {
        let text = format!("{what} has a password, and none was given");
        Error::new(Reason::PasswordMissing, text).with_hint("give it, for example with -passin")
    })
}
