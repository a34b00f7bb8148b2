//! Opens a credential that was made for the endorsement key and this key (TPM2_ActivateCredential).

use crypto::credential::Credential;
use keyfile::PublicKey;
use zeroize::Zeroizing;

use super::Key;
use crate::attestation::Primary;
use crate::command::object::activate_credential;
use crate::error::Error;

impl Key {
    /// Returns the secret in a credential. `endorsement` is the template of the endorsement key, `key` its public half; returns None if
    /// this TPM derives another key from the template.
    ///
    /// # Errors
    /// The credential was made for another key, the password of this key or of the endorsement hierarchy is wrong, or there is no TPM.
    pub fn activate(
        &self,
        endorsement: &Primary,
        key: Option<&PublicKey>,
        credential: &Credential,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let own = &*self.0;
        let admin = own.admin()?;
        own.tpm.operate(|connection| {
            connection.open_session(None)?;
            // Loaded first, because the endorsement key is loaded beside it.
            own.pinned(connection)?;
            connection.with_primaries(|connection| {
                let Some(found) = connection.endorsement_key(endorsement, key)? else { return Ok(None) };
                connection.satisfy_policy(endorsement, &found.public)?;
                own.as_admin(connection, &admin, |connection, object| {
                    activate_credential(connection, (object, found.entity()), credential).map(Some)
                })
                .map_err(|error| error.on(own))
            })
        })
    }
}
