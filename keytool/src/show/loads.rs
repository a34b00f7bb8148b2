//! Tests whether this TPM can load a key file: with one TPM2_Load, after a TPM2_Import for an importable key. The key is not used.

use keyfile::{Attributes, KeyFile};
use tpm::{Auth, ErrorKind, Key, Tpm};

use crate::error::Error;

/// Returns the answer with its reason. `auth` returns the parent's password, if the settings contain one.
pub(super) fn here(tpm: &Tpm, key: &KeyFile, auth: impl Fn() -> Result<Option<Auth>, Error>) -> String {
    // A password that cannot be read counts as none.
    let auth = auth().ok().flatten();
    if let Some(reason) = would_count(tpm, key, auth.as_ref()) {
        return reason;
    }
    match Key::from_file_under(tpm, key.clone(), None, auth).and_then(|key| key.load()) {
        Ok(()) => "yes".to_owned(),
        Err(error) => match (error.kind(), error.advice()) {
            (ErrorKind::NoTpm, _) => "unknown, no TPM".to_owned(),
            (ErrorKind::ParentAuthorization | ErrorKind::ParentPasswordMissing, _) => {
                format!("unknown: the parent at {} has a password: set pin", key.parent)
            }
            // Errors that do not depend on this file.
            (
                ErrorKind::Configuration
                | ErrorKind::Io
                | ErrorKind::Lockout
                | ErrorKind::ObjectMemory
                | ErrorKind::Timeout,
                _,
            ) => format!("unknown: {}", error.cause()),
            (_, Some(advice)) => format!("no: {}; {advice}", error.cause()),
            (_, None) => format!("no: {}", error.cause()),
        },
    }
}

/// Returns a reason not to load the key: its parent is under dictionary-attack protection, so that a wrong password would count, even an
/// empty one.
fn would_count(tpm: &Tpm, key: &KeyFile, auth: Option<&Auth>) -> Option<String> {
    if auth.is_some() || !key.parent.is_persistent() {
        return None;
    }
    let (parent, _) = tpm.read_public(key.parent).ok()?;
    (!parent.attributes.contains(Attributes::NO_DA)).then(|| {
        format!(
            "not tried: the parent at {} is under dictionary-attack protection, so a wrong password would count; set pin to its password, which may be empty",
            key.parent
        )
    })
}
