//! Proves the password of a key before it is used: TPM2_PolicySecret on the key in a trial session, which has no other effect.

use keyfile::policy::Secret;
use keyfile::{Attributes, Handle};

use super::{Inner, Key};
use crate::command::policy::policy_secret;
use crate::command::{Entity, Guarded, Protect};
use crate::connection::Connection;
use crate::error::Error;
use crate::transport::location::Kind;

impl Key {
    /// Proves the given password as [`Key::prove_now`] does, except with tpm2-abrmd, whose library does not survive a fork.
    ///
    /// # Errors
    /// As [`Key::prove_now`].
    pub fn prove(&self) -> Result<(), Error> {
        match self.0.tpm.location().is_ok_and(|at| at.kind == Kind::Tabrmd) {
            true => Ok(()),
            false => self.prove_now().map(drop),
        }
    }

    /// Proves the given password, unless its verdict is known. Returns false without a password, and for a key that is used by its
    /// policy: then nothing is proven.
    ///
    /// # Errors
    /// The password is wrong, the parent's password is wrong, or there is no TPM.
    pub fn prove_now(&self) -> Result<bool, Error> {
        let key = &*self.0;
        if !key.has_own_password() {
            return Ok(false);
        }
        key.check_not_refused()?;
        if key.attempt.is_proven()? {
            return Ok(true);
        }
        let proven = key.tpm.operate_briefly(|connection| {
            key.with_password(connection, |connection| key.prove_in_trial(connection))
                .inspect_err(|_| drop(connection.drop_policy()))
        });
        proven.map(|()| true).map_err(|error| error.on(key))
    }
}

impl Inner {
    /// Returns true if a password was given that can be proven. TPM2_PolicySecret needs the USER role, which a password has only if
    /// userWithAuth is set.
    fn has_own_password(&self) -> bool {
        self.password.is_some()
            && !self.has_no_password()
            && self.public.attributes.contains(Attributes::USER_WITH_AUTH)
    }

    fn prove_in_trial(&self, connection: &mut Connection) -> Result<(), Error> {
        let handle = self.ready(connection, false, None)?;
        connection.open_trial()?;
        let session = connection.policy_session()?;
        let (session, nonce) = (session.handle, session.nonce_tpm().to_vec());
        let key = Guarded { entity: Entity::named(handle, &self.name), auth: &self.auth_value() };
        let secret = Secret { hint: Handle(0), name: self.name.clone(), policy_ref: Vec::new() };
        policy_secret(connection, &key, session, &nonce, &secret, Protect::SESSION.last())?;
        connection.drop_policy()
    }
}
