//! Certifies a key with an attestation key (TPM2_Certify).

use super::Key;
use crate::attestation::Certified;
use crate::command::By;
use crate::command::attestation::certify;
use crate::connection::Connection;
use crate::error::Error;

impl Key {
    /// Has `signer` sign a statement about this key. The statement contains the nonce.
    ///
    /// # Errors
    /// The TPM refuses, for instance a password, the policy of the signer, or a signer that cannot sign; or there is no TPM.
    pub fn certify(&self, signer: &Key, nonce: &[u8]) -> Result<Certified, Error> {
        let (subject, signer) = (&*self.0, &*signer.0);
        let admin = subject.admin()?;
        signer.check_usable()?;
        signer.check_not_refused()?;
        subject.tpm.operate(|connection| {
            if !admin.auth.is_empty() && !signer.is_used_by_policy() && !signer.auth_value().is_empty() {
                // Opened first, because its salt key takes a slot.
                connection.open_second_session()?;
            }
            // Loaded first, because loading it would end the policy of the signer.
            subject.pinned(connection)?;
            let signed = signer.authorized(connection, false, &mut |connection, guarded, protect| {
                let by = if protect.policy { By::Policy(guarded.auth) } else { By::AuthValue(guarded.auth) };
                signer.pin(connection);
                subject.as_admin(connection, &admin, |connection, subject| {
                    let subject = (subject.entity, By::AuthValue(subject.auth));
                    certify(connection, [subject, (guarded.entity, by)], nonce)
                })
            });
            let (statement, signature) = close(connection, signed).map_err(|error| error.on(signer))?;
            let (public, signer) = (subject.public.clone(), signer.public.clone());
            Ok(Certified { public, signer, statement, signature })
        })
    }
}

/// Ends the second session: it fits no other operation.
fn close<T>(connection: &mut Connection, result: Result<T, Error>) -> Result<T, Error> {
    let dropped = connection.drop_policy();
    result.and_then(|value| dropped.map(|()| value))
}
