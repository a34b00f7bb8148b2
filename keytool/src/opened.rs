//! Opens the key that an option names, in a file or at a persistent handle, with its password.

use keyfile::{Attributes, Handle, Public, PublicKey};
use tpm::{Auth, Key, Tpm};

use crate::check::subject::{Kind, Subject};
use crate::error::Error;
use crate::key_password::Role;
use crate::password::Secret;
use crate::persistent::password_missing;
use crate::reference;

/// Opens the key. `role` names it in errors; `accept` checks its public half before the password is used.
///
/// # Errors
/// There is no such key, `accept` refuses it, or its password is missing.
pub(crate) fn open(
    tpm: &Tpm,
    subject: &Subject,
    password: Option<&Secret>,
    role: Role,
    accept: impl Fn(&PublicKey) -> Result<(), Error>,
) -> Result<Key, Error> {
    let auth = password.map(|password| Auth::new(password.bytes()));
    match &subject.kind {
        Kind::File(file) => {
            accept(&file.public.key)?;
            Ok(Key::from_file(tpm, (**file).clone(), auth)?)
        }
        Kind::Handle(handle, expected) => {
            if let Some(expected) = expected {
                accept(&expected.key)?;
            }
            let key = Key::persistent(tpm, *handle, auth)?;
            accept(&key.public().key)?;
            check_expected(*handle, expected.as_deref(), key.public())?;
            // The empty password counts as a wrong one. A key that needs a policy is refused when it is used.
            let by_password = key.public().attributes.contains(Attributes::USER_WITH_AUTH);
            if by_password && password.is_none() && !reference::has_no_password(tpm, *handle, key.public())? {
                return Err(password_missing(role, *handle));
            }
            Ok(key)
        }
        Kind::Nv(index) => Err(Error::request(
            format!("the {} is in the NV index {index}, where it cannot be used", role.name),
            "give its key file, or make it persistent with `tpm2-keytool load`",
        )),
    }
}

/// Checks that the key at a handle is the one that a file refers to.
///
/// # Errors
/// It is another key.
pub(crate) fn check_expected(handle: Handle, expected: Option<&Public>, found: &Public) -> Result<(), Error> {
    match expected.is_none_or(|expected| expected == found) {
        true => Ok(()),
        false => Err(Error::request(
            format!("another key is at {handle} than the one that the file refers to"),
            "write the file again with `tpm2-keytool reference`",
        )),
    }
}
