//! Certifies a key with an attestation key (TPM2_Certify).

use super::Key;
use crate::attestation::Certified;
use crate::command::Entity;
use crate::command::attestation::certify;
use crate::error::{Error, ErrorKind};

impl Key {
    /// Has `signer` sign a statement about this key. The statement contains the nonce. Both keys have neither a password nor a policy.
    ///
    /// # Errors
    /// A key has a password or a policy, the TPM refuses the signer, or there is no TPM.
    pub fn certify(&self, signer: &Key, nonce: &[u8]) -> Result<Certified, Error> {
        let (subject, signer) = (&*self.0, &*signer.0);
        for key in [subject, signer] {
            key.check_usable()?;
            if !key.auth_value().is_empty() || !key.needs_no_password() {
                return Err(
                    Error::new(ErrorKind::Unsupported, "a key with a password cannot be certified").on(key)
                );
            }
        }
        subject.tpm.operate(|connection| {
            signer.ready(connection, true, None)?;
            let object = subject.ready(connection, true, None)?;
            // Loading the other key may have flushed this one.
            let handle = signer.ready(connection, true, None)?;
            let keys = (Entity::named(object, &subject.name), Entity::named(handle, &signer.name));
            let (statement, signature) = certify(connection, keys, nonce)?;
            let (public, signer) = (subject.public.clone(), signer.public.clone());
            Ok(Certified { public, signer, statement, signature })
        })
    }
}
