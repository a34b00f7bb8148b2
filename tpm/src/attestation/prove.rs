//! Proofs by decryption and by signature.

use keyfile::{Name, Public, PublicKey};
use subtle::ConstantTimeEq;

use super::load::{SIGNER, SUBJECT};
use super::{Certified, Primary, Residence};
use crate::command::By;
use crate::command::attestation::certify;
use crate::command::object::activate_credential;
use crate::error::Error;
use crate::rc::ResponseCode;
use crate::tpm::Tpm;
use crypto::credential::credential;
use crypto::random;

/// Bytes of the secret in a credential; no digest of an endorsement key's nameAlg is shorter.
const SECRET: usize = 32;

impl Tpm {
    /// Derives a primary key and flushes it again. The Name is computed here, but the answer alone does not prove that the key is in
    /// a TPM.
    ///
    /// # Errors
    /// The hierarchy's password is wrong, the TPM does not support such keys, or there is no TPM.
    pub fn primary(&self, key: &Primary) -> Result<(Public, Name), Error> {
        self.operate(|connection| {
            connection.with_primaries(|connection| {
                connection.load_primary(SIGNER, key).map(|primary| (primary.public, primary.name))
            })
        })
    }

    /// Proves that the TPM with the private half of `key` also holds the signing key: the TPM opens a credential that was made here
    /// for both. `endorsement` is the template from which that TPM derives its endorsement key; a persistent endorsement key is used
    /// if there is one.
    ///
    /// # Errors
    /// The hierarchy's password is wrong; the TPM shows the endorsement key but does not open the credential; or there is no TPM.
    pub fn prove_residence(
        &self,
        signer: &Primary,
        endorsement: &Primary,
        key: &PublicKey,
    ) -> Result<Residence, Error> {
        self.operate(|connection| {
            // The session is opened first because its salt key takes a slot. PolicySecret is proven within it.
            connection.open_session(None)?;
            connection.with_primaries(|connection| {
                let signer = connection.load_primary(SIGNER, signer)?;
                let Some(found) = connection.endorsement_key(endorsement, Some(key))? else {
                    return Ok(Residence::Elsewhere);
                };
                let value = random::bytes(SECRET)?;
                let made = credential(&found.public, &signer.name, &value)?;
                connection.satisfy_policy(endorsement, &found.public)?;
                let opened = activate_credential(connection, (&signer.guarded(), found.entity()), &made);
                match opened.map_err(unopened)?.ct_eq(&value).into() {
                    true => Ok(Residence::Here(signer.name)),
                    false => Err(Error::integrity(
                        "the TPM returned another secret than the one in the credential",
                    )),
                }
            })
        })
    }

    /// Certifies one primary key with another.
    ///
    /// # Errors
    /// A hierarchy's password is wrong, or there is no TPM.
    pub fn certify(&self, signer: &Primary, subject: &Primary, nonce: &[u8]) -> Result<Certified, Error> {
        self.operate(|connection| {
            connection.with_primaries(|connection| {
                let signer = connection.load_primary(SIGNER, signer)?;
                let subject = connection.load_primary(SUBJECT, subject)?;
                let keys = [subject.entity(), signer.entity()].map(|key| (key, By::AuthValue(&[])));
                let (statement, signature) = certify(connection, keys, nonce)?;
                Ok(Certified { public: subject.public, signer: signer.public, statement, signature })
            })
        })
    }
}

/// Explains TPM_RC_INTEGRITY and similar codes: the credential was made for another key or another Name.
fn unopened(error: Error) -> Error {
    match error.base_code() {
        Some(ResponseCode::INTEGRITY | ResponseCode::VALUE | ResponseCode::SIZE) => Error::integrity(
            "the TPM cannot open a credential for its endorsement key and its signing key: they are not in the same TPM",
        )
        .because(error),
        _ => error,
    }
}
