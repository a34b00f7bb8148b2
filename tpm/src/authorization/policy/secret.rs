//! PolicySecret: proves the password of another entity within the connection's session.

use keyfile::policy::Secret;
use keyfile::wire::{Reader, Unmarshal};
use keyfile::{Handle, HashAlg, Name};
use zeroize::Zeroizing;

use crate::auth::Auth;
use crate::authorization::Attempt;
use crate::command::policy::policy_secret;
use crate::command::{Entity, Guarded, Protect};
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};

impl Connection {
    /// Runs PolicySecret with this password.
    pub(crate) fn prove_secret(&mut self, secret: &Secret, password: Option<&Auth>) -> Result<(), Error> {
        let known = secret.entity().or_else(|| self.entities.get(&secret.name).copied());
        if let Some(handle) = known {
            return self.prove_secret_at(handle, secret, password);
        }
        let handle = self.handle_of(&secret.name)?;
        let proven = self.prove_secret_at(handle, secret, password);
        let is_there = match &proven {
            Ok(()) => true,
            Err(error) => error.kind() == ErrorKind::Authorization,
        };
        // Without a session, a later replacement of the object would not be noticed.
        if is_there && !self.rules.unprotected {
            self.entities.insert(secret.name.clone(), handle);
        }
        proven
    }

    /// Returns an error if the entity is known to refuse this password.
    pub(crate) fn check_secret_not_refused(
        &mut self,
        secret: &Secret,
        password: Option<&Auth>,
    ) -> Result<(), Error> {
        let handle = secret.entity().or_else(|| self.entities.get(&secret.name).copied());
        // Without a handle, the Name decides how the authValue is computed.
        let handle = handle.unwrap_or(Handle(0));
        let auth = password.map(|password| auth_value(password, handle, &secret.name)).unwrap_or_default();
        let attempt = self.attempt_on_secret(secret, handle, &auth)?;
        self.check_not_refused(&attempt)
    }

    fn attempt_on_secret(&self, secret: &Secret, handle: Handle, auth: &[u8]) -> Result<Attempt, Error> {
        let attempt = Attempt::of_named(&self.rules.tpm, &secret.name, auth)?;
        // Hierarchies are not subject to the dictionary-attack lockout, except the lockout hierarchy itself.
        let counts = !secret.name.as_handle().is_some_and(Handle::is_hierarchy);
        let attempt = attempt.counting_failures(counts);
        Ok(match secret.name.as_handle() {
            None => attempt.at_handle(handle),
            Some(_) => attempt,
        })
    }

    /// Forgets the handle of the entity, so that the next try searches for it. Returns true if a handle was known.
    pub(crate) fn forget_handle(&mut self, secret: &Secret) -> bool {
        self.entities.remove(&secret.name).is_some()
    }

    fn prove_secret_at(
        &mut self,
        handle: Handle,
        secret: &Secret,
        password: Option<&Auth>,
    ) -> Result<(), Error> {
        let auth = password.map(|password| auth_value(password, handle, &secret.name)).unwrap_or_default();
        let entity = match secret.name.as_handle() {
            Some(_) => Entity::plain(handle),
            None => Entity::named(handle, &secret.name),
        };
        let session = self.policy_session()?;
        let (session, nonce) = (session.handle, session.nonce_tpm().to_vec());
        let attempt = self.attempt_on_secret(secret, handle, &auth)?;
        let proven = self.prove(&attempt, |connection| {
            policy_secret(
                connection,
                &Guarded { entity, auth: &auth },
                session,
                &nonce,
                secret,
                Protect::SESSION,
            )
        });
        let is_suspect = |error: &Error| match error.kind() {
            ErrorKind::Authorization => !error.is_remembered(),
            ErrorKind::NoObject => true,
            _ => false,
        };
        match proven {
            Err(error) if is_suspect(&error) && self.is_other_object_at(handle, &secret.name) => {
                let text =
                    format!("at {handle} there is another object than the one whose password is required");
                Err(Error::new(ErrorKind::Policy, text))
            }
            done => done,
        }
    }
}

/// Returns the authValue of this password: unhashed for hierarchies, by nameAlg for objects and NV indexes.
fn auth_value(password: &Auth, handle: Handle, name: &Name) -> Zeroizing<Vec<u8>> {
    let hash = HashAlg::unmarshal(&mut Reader::new(name.as_bytes()));
    match hash {
        Ok(hash) if name.as_handle().is_none() && !handle.is_permanent() => password.as_value(hash),
        _ => password.as_hierarchy_value(),
    }
}
