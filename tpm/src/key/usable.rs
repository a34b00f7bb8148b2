//! What is known of a key before it is used, and what a refusal says of it afterwards.

use keyfile::Attributes;

use super::{Inner, Origin};
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};

impl Inner {
    /// An error if it is known beforehand that the key cannot be used.
    pub(super) fn check_usable(&self) -> Result<(), Error> {
        let by_policy = !self.public.attributes.contains(Attributes::USER_WITH_AUTH);
        match &self.origin {
            Origin::Persistent { .. } if by_policy => Err(Error::new(
                ErrorKind::Unsupported,
                "the key is used by a policy only, and a handle does not say which",
            )
            .on(self)
            .advise("use the key's file, which holds the statements of the policy")),
            Origin::File { file, .. } if by_policy && file.policy.is_none() => {
                Err(Error::new(ErrorKind::Input, "the key is used by a policy only, and its file holds none")
                    .on(self)
                    .advise("get the file from where the key was made"))
            }
            // Not every way to satisfy a policy takes the password.
            Origin::File { .. } if by_policy => Ok(()),
            Origin::File { file, .. } if self.password.is_none() && file.needs_password() => {
                Err(password_missing(Error::new(
                    ErrorKind::PasswordMissing,
                    "the key has a password, and none was given",
                ))
                .on(self))
            }
            _ => Ok(()),
        }
    }

    /// Whether its file says that it has no password, and none was given.
    pub(super) fn has_no_password(&self) -> bool {
        match &self.origin {
            Origin::File { file, .. } if file.uses_policy() => !file.asks_for_password(),
            Origin::File { file, .. } => file.empty_auth && self.auth_value().is_empty(),
            Origin::Persistent { .. } => false,
        }
    }

    /// An error if the key's own password was refused before, and nobody can have changed it since: then nobody is asked.
    pub(super) fn check_refused(&self) -> Result<(), Error> {
        match &self.origin {
            Origin::File { file, .. } if !file.uses_policy() => {
                self.attempt.admit().map_err(|error| self.explain(error).on(self))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn refused(&self, connection: &mut Connection, error: Error) -> Error {
        if let Origin::Persistent { handle } = self.origin {
            if error.kind() == ErrorKind::Authorization && !error.is_remembered() {
                // The Name is part of what the password proves: another key at this handle looks like a wrong password.
                if let Err(gone) = self.still_there(connection, handle) {
                    return gone;
                }
            } else if error.kind() == ErrorKind::NoObject && error.code().is_some() {
                return removed(error);
            }
        }
        self.explain(error)
    }

    /// What a refusal means.
    fn explain(&self, error: Error) -> Error {
        match error.kind() {
            ErrorKind::Authorization if self.has_no_password() => match &self.origin {
                Origin::File { file, .. } if file.is_from_another_tool() => {
                    error.refused_nothing(self).advise(INVERTED)
                }
                _ => error.refused_nothing(self),
            },
            ErrorKind::Authorization if self.auth_value().is_empty() => {
                password_missing(error.of_kind(ErrorKind::PasswordMissing))
            }
            ErrorKind::Authorization => error.advise("the password of the key is wrong"),
            _ => error,
        }
    }
}

const INVERTED: &str = "tpm2_encodeobject 5.4 to 5.7 says of keys with a password that they have none: give it by URI, as tpm2:file=KEY?pass; \
    or something between this program and the TPM alters what they say";

/// What a handle without a key says.
pub(super) fn removed(error: Error) -> Error {
    match error.kind() {
        ErrorKind::NoObject => {
            error.advise("there is no key at this handle: it was removed, or it is in another TPM")
        }
        _ => error,
    }
}

fn password_missing(error: Error) -> Error {
    error.advise("give the password, for instance with -passin")
}
