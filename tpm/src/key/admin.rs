//! The ADMIN role on a key (TPM 2.0 Part 1 §19.2): the key is certified, a credential for it is activated, or its password is changed.
//! Unless adminWithPolicy is set, the authValue authorizes it, also for a key that can only be used with its policy.

use keyfile::{Attributes, CommandCode, Handle};
use zeroize::Zeroizing;

use super::usable::{WRONG, password_missing};
use super::{Inner, Origin};
use crate::authorization::Attempt;
use crate::command::{Entity, Guarded};
use crate::connection::{Connection, Transient};
use crate::error::{Error, ErrorKind};

/// The advice if a key has its own password, but its file asks for another object's.
const OTHERS: &str = "the key has a password of its own, but the one to give is another object's, which its policy uses (PolicySecret): use a key without its own";

/// The authorization of the role.
pub(super) struct Admin {
    /// The authValue.
    pub(super) auth: Zeroizing<Vec<u8>>,
    attempt: Attempt,
}

impl Inner {
    /// Returns the authorization of the role.
    ///
    /// # Errors
    /// Only a policy authorizes it, or the password is missing.
    pub(super) fn admin(&self) -> Result<Admin, Error> {
        if self.public.attributes.contains(Attributes::ADMIN_WITH_POLICY) {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "the key is certified and activated by its policy only (adminWithPolicy)",
            )
            .on(self)
            .advise(
                "use a key without adminWithPolicy; `tpm2-keytool create` and `ak create` make such keys",
            ));
        }
        match self.is_used_by_policy() {
            true if self.lacks_own_password() => return Err(self.password_missing()),
            true => {}
            false => self.check_usable()?,
        }
        let auth = if self.has_password_of_others() { Zeroizing::default() } else { self.auth_value() };
        let attempt = self.origin.attempt(self.tpm.id(), &self.public, &self.name, &auth)?;
        Ok(Admin { auth, attempt })
    }

    /// Runs `work` with the loaded key and its authorization, unless the TPM is known to refuse it. Errors name this key, so that they are
    /// not taken for those of another key of the command.
    pub(super) fn as_admin<T>(
        &self,
        connection: &mut Connection,
        admin: &Admin,
        work: impl FnOnce(&mut Connection, &Guarded<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let handle = self.pinned(connection)?;
        let guarded = Guarded { entity: Entity::named(handle, &self.name), auth: &admin.auth };
        connection.prove(&admin.attempt, |connection| work(connection, &guarded)).map_err(|error| match error
            .object()
            .is_none_or(|(_, name)| name == Some(&self.name))
        {
            true => self.explain_admin(connection, admin, error).on(self).at(handle, Some(&self.name)),
            false => error,
        })
    }

    /// Loads the key as [`Inner::ready`] does. It stays loaded until the operation ends.
    pub(super) fn pinned(&self, connection: &mut Connection) -> Result<Handle, Error> {
        let handle = self.ready(connection, false, None).map_err(|error| error.on(self))?;
        self.pin(connection);
        Ok(handle)
    }

    /// Keeps the loaded key until the operation ends.
    pub(super) fn pin(&self, connection: &mut Connection) {
        connection.slots.pin(Transient::Key(self.number));
    }

    /// Returns true if only a policy authorizes its use.
    pub(super) fn is_used_by_policy(&self) -> bool {
        !self.public.attributes.contains(Attributes::USER_WITH_AUTH)
    }

    /// Explains a refusal. The role needs the key's own password, even if only a policy authorizes its use.
    fn explain_admin(&self, connection: &mut Connection, admin: &Admin, error: Error) -> Error {
        match &self.origin {
            Origin::File { file, .. } if file.uses_policy() && error.kind() == ErrorKind::Authorization => {
                if self.has_password_of_others() {
                    error.of_kind(ErrorKind::PasswordMissing).advise(OTHERS)
                } else if !admin.auth.is_empty() {
                    error.advise(WRONG)
                } else if file.empty_auth {
                    error.empty_password_refused(self)
                } else {
                    password_missing(error.of_kind(ErrorKind::PasswordMissing))
                }
            }
            _ => self.refused(connection, error),
        }
    }

    /// Returns true if the file says that the key has a password, and none was given.
    fn lacks_own_password(&self) -> bool {
        let Origin::File { file, .. } = &self.origin else { return false };
        self.password.is_none() && !file.empty_auth && !self.has_password_of_others()
    }

    /// Returns true if the password is the one of another entity, which a policy asks for.
    fn has_password_of_others(&self) -> bool {
        let Origin::File { file, .. } = &self.origin else { return false };
        let asks_for = |command| {
            let signed = file.auth_policies.iter().flat_map(|signed| &signed.statements);
            file.policy.iter().flatten().chain(signed).any(|statement| statement.command == command)
        };
        file.uses_policy()
            && asks_for(CommandCode::POLICY_SECRET)
            && !asks_for(CommandCode::POLICY_AUTH_VALUE)
            && !asks_for(CommandCode::POLICY_PASSWORD)
    }
}
