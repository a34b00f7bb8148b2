//! Opens the key that an option names, in a file or at a persistent handle, with its password.

use keyfile::{Attributes, PublicKey};
use tpm::{Auth, Key, Tpm};

use crate::check::subject::{Kind, Subject};
use crate::error::Error;
use crate::password::Secret;
use crate::persistent::password_missing;
use crate::reference;

/// Opens the key. `role` names it in errors, such as `CA key`; `accept` checks its public half before the password is used.
///
/// # Errors
/// There is no such key, `accept` refuses it, or its password is missing.
pub(crate) fn open(
    tpm: &Tpm,
    subject: &Subject,
    password: Option<&Secret>,
    role: &str,
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
            if expected.as_ref().is_some_and(|expected| **expected != *key.public()) {
                return Err(Error::request(
                    format!("another key is at {handle} than the one that the file refers to"),
                    "write the file again with `tpm2-keytool reference`",
                ));
            }
            // The empty password counts as a wrong one. A key that needs a policy is refused when it is used.
            let by_password = key.public().attributes.contains(Attributes::USER_WITH_AUTH);
            if by_password && password.is_none() && !reference::has_no_password(tpm, *handle, key.public())? {
                return Err(password_missing(&format!("password of the {role}"), *handle));
            }
            Ok(key)
        }
        Kind::Nv(index) => Err(Error::request(
            format!("the {role} is in the NV index {index}, where it cannot be used"),
            "give its key file, or make it persistent with `tpm2-keytool load`",
        )),
    }
}
