//! Whether this TPM can load a key file: one TPM2_Load, of an importable one TPM2_Import before it, and no use.

use keyfile::{Attributes, KeyFile};
use tpm::{Auth, ErrorKind, Key, Tpm};

use crate::error::Error;

/// The answer, with its reason. `auth` is the parent's password, if a setting says it.
pub(super) fn here(tpm: &Tpm, key: &KeyFile, auth: impl Fn() -> Result<Option<Auth>, Error>) -> String {
    // One that cannot be read is as good as none.
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
            // What says nothing of this file.
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

/// A wrong password of a parent under dictionary-attack protection counts, the empty one too.
fn would_count(tpm: &Tpm, key: &KeyFile, auth: Option<&Auth>) -> Option<String> {
    if auth.is_some() || !key.parent.is_persistent() {
        return None;
    }
    let (parent, _) = tpm.read_public(key.parent).ok()?;
    (!parent.attributes.contains(Attributes::NO_DA)).then(|| {
        format!(
            "not tried: the parent at {} is under dictionary-attack protection, and a wrong password of it would count; set pin, be it empty, to try it",
            key.parent
        )
    })
}
