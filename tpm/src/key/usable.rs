//! Checks a key before it is used, and explains refusals afterwards.

use keyfile::Attributes;

use super::{Inner, Origin};
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};

impl Inner {
    /// Returns an error if the key is known to be unusable.
    #[inline(never)]
    pub(super) fn check_usable(&self) -> Result<(), Error> {
        let by_policy = !self.public.attributes.contains(Attributes::USER_WITH_AUTH);
        match &self.origin {
            Origin::Persistent { .. } if by_policy => Err(Error::new(
                ErrorKind::Unsupported,
                "the key is used by a policy only, and a handle does not contain it",
            )
            .on(self)
            .advise("use the key's file, which holds the statements of the policy")),
            Origin::File { file, .. } if by_policy && file.policy.is_none() => Err(Error::new(
                ErrorKind::Input,
                "the key is used by a policy only, and its file contains none",
            )
            .on(self)
            .advise("copy the file again from where the key was created")),
            // Some paths through a policy need no password.
            Origin::File { .. } if by_policy => Ok(()),
            Origin::File { file, .. } if self.password.is_none() && file.needs_password() => {
                Err(self.password_missing())
            }
            _ => Ok(()),
        }
    }

    /// Returns the error of a key whose file says that it has a password.
    pub(super) fn password_missing(&self) -> Error {
        const TEXT: &str = "the key has a password, and none was given";
        password_missing(Error::new(ErrorKind::PasswordMissing, TEXT)).on(self)
    }

    /// Returns true if the file says that the key has no password, and none was given.
    pub(super) fn has_no_password(&self) -> bool {
        match &self.origin {
            Origin::File { file, .. } if file.uses_policy() => !file.asks_for_password(),
            Origin::File { file, .. } => file.empty_auth && self.auth_value().is_empty(),
            Origin::Persistent { .. } => false,
        }
    }

    /// Returns an error if the key's own password was refused before and cannot have changed since.
    #[inline(never)]
    pub(super) fn check_not_refused(&self) -> Result<(), Error> {
        match &self.origin {
            Origin::File { file, .. } if !file.uses_policy() => {
                self.attempt.check_not_refused().map_err(|error| self.explain(error).on(self))
            }
            _ => Ok(()),
        }
    }

    #[inline(never)]
    pub(super) fn refused(&self, connection: &mut Connection, error: Error) -> Error {
        // A command may use two keys.
        if error.object().and_then(|(_, name)| name).is_some_and(|name| *name != self.name) {
            return error;
        }
        if let Origin::Persistent { handle } = self.origin {
            if error.kind() == ErrorKind::Authorization && !error.is_remembered() {
                // The proof of the password covers the Name, so another key at this handle looks like a wrong password.
                if let Err(gone) = self.check_name_unchanged(connection, handle) {
                    return gone;
                }
            } else if error.kind() == ErrorKind::NoObject && error.code().is_some() {
                return explain_missing(error);
            }
        }
        self.explain(error)
    }

    /// Explains a refusal.
    fn explain(&self, error: Error) -> Error {
        match error.kind() {
            ErrorKind::Authorization if self.has_no_password() => match &self.origin {
                Origin::File { file, .. } if file.may_be_inverted() => {
                    error.empty_password_refused(self).advise(INVERTED_EMPTY_AUTH)
                }
                _ => error.empty_password_refused(self),
            },
            ErrorKind::Authorization if self.auth_value().is_empty() => {
                password_missing(error.of_kind(ErrorKind::PasswordMissing))
            }
            ErrorKind::Authorization => error.advise(WRONG),
            _ => error,
        }
    }
}

/// The advice after a refusal of a password that was given.
pub(super) const WRONG: &str = "the password of the key is wrong";

const INVERTED_EMPTY_AUTH: &str = "tpm2_encodeobject 5.4 to 5.7 marks keys with a password as having none, so OpenSSL does not ask for it (-passin): give it by URI, as tpm2:file=KEY?pass; \
    otherwise check the TPM's bus";

/// Explains that there is no key at the handle.
pub(super) fn explain_missing(error: Error) -> Error {
    match error.kind() {
        ErrorKind::NoObject => {
            error.advise("there is no key at this handle: it was removed, or it is in another TPM")
        }
        _ => error,
    }
}

/// Adds how to give the password.
pub(super) fn password_missing(error: Error) -> Error {
    error.advise("give the password, for instance with -passin")
}
