//! The ADMIN role on a key (TPM 2.0 Part 1 §19.2): the key is certified, or a credential for it is activated. Unless adminWithPolicy is
//! set, the authValue authorizes it, also for a key that can only be used with its policy.

use keyfile::{Attributes, CommandCode, Handle};
use zeroize::Zeroizing;

use super::{Inner, Origin};
use crate::authorization::Attempt;
use crate::connection::{Connection, Transient};
use crate::error::{Error, ErrorKind};

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
        if !self.is_used_by_policy() {
            self.check_usable()?;
        }
        let auth = if self.has_password_of_others() { Zeroizing::default() } else { self.auth_value() };
        let attempt = self.origin.attempt(self.tpm.id(), &self.public, &self.name, &auth)?;
        Ok(Admin { auth, attempt })
    }

    /// Runs `work`, which uses the authorization at this handle, unless the TPM is known to refuse it. Errors name this key, so that they
    /// are not taken for those of another key of the command.
    pub(super) fn as_admin<T>(
        &self,
        connection: &mut Connection,
        admin: &Admin,
        handle: Handle,
        work: impl FnOnce(&mut Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        connection.prove(&admin.attempt, work).map_err(|error| {
            match error.object().is_none_or(|(_, name)| name == Some(&self.name)) {
                true => self.refused(connection, error).on(self).at(handle, Some(&self.name)),
                false => error,
            }
        })
    }

    /// Loads the key as [`Inner::ready`] does. It stays loaded until the operation ends.
    pub(super) fn pinned(&self, connection: &mut Connection) -> Result<Handle, Error> {
        let handle = self.ready(connection, false, None)?;
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
