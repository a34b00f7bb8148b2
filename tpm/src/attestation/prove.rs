//! The proofs: by who can decrypt, and by who can sign.

use keyfile::{Name, Public, PublicKey};
use subtle::ConstantTimeEq;

use super::load::{SIGNER, SUBJECT};
use super::{Certified, Primary, Residence};
use crate::command::attestation::certify;
use crate::command::object::activate_credential;
use crate::crypto::credential::credential;
use crate::crypto::random;
use crate::error::Error;
use crate::rc::ResponseCode;
use crate::tpm::Tpm;

/// Bytes of the secret in a credential; no nameAlg of an endorsement key is shorter.
const SECRET: usize = 32;

impl Tpm {
    /// Derives a primary key and flushes it again. Its Name is computed here, but that it is in a TPM at all is the word of the bus.
    ///
    /// # Errors
    /// The hierarchy's password is wrong, the TPM has no such keys, or there is no TPM.
    pub fn primary(&self, key: &Primary) -> Result<(Public, Name), Error> {
        self.operate(|connection| {
            connection.with_primaries(|connection| {
                connection.load_primary(SIGNER, key).map(|primary| (primary.public, primary.name))
            })
        })
    }

    /// Whether the TPM that has the private half of `key` has the signing key, too: it opens a credential that was made here for both.
    /// `endorsement` is the template by which that TPM derives its endorsement key; a persistent one is used where there is one.
    ///
    /// # Errors
    /// The hierarchy's password is wrong; the TPM shows the endorsement key, but does not open the credential; or there is no TPM.
    pub fn prove_residence(
        &self,
        signer: &Primary,
        endorsement: &Primary,
        key: &PublicKey,
    ) -> Result<Residence, Error> {
        self.operate(|connection| {
            // First, for its salt key takes a slot; PolicySecret is proven within it.
            connection.open_session(None)?;
            connection.with_primaries(|connection| {
                let signer = connection.load_primary(SIGNER, signer)?;
                let Some(found) = connection.endorsement_key(endorsement, key)? else {
                    return Ok(Residence::Elsewhere);
                };
                let value = random::bytes(SECRET)?;
                let made = credential(&found.public, &signer.name, &value)?;
                connection.satisfy_policy(endorsement, &found.public)?;
                let opened = activate_credential(connection, (signer.entity(), found.entity()), &made);
                match opened.map_err(unopened)?.ct_eq(&value).into() {
                    true => Ok(Residence::Here(signer.name)),
                    false => Err(Error::integrity(
                        "the TPM has opened another secret than the one in the credential",
                    )),
                }
            })
        })
    }

    /// Has one primary key certify another.
    ///
    /// # Errors
    /// A hierarchy's password is wrong, or there is no TPM.
    pub fn certify(&self, signer: &Primary, subject: &Primary, nonce: &[u8]) -> Result<Certified, Error> {
        self.operate(|connection| {
            connection.with_primaries(|connection| {
                let signer = connection.load_primary(SIGNER, signer)?;
                let subject = connection.load_primary(SUBJECT, subject)?;
                let (statement, signature) = certify(connection, (subject.entity(), signer.entity()), nonce)?;
                Ok(Certified { public: subject.public, signer: signer.public, statement, signature })
            })
        })
    }
}

/// TPM_RC_INTEGRITY and its like: the credential was made for another key, or beside another.
fn unopened(error: Error) -> Error {
    match error.base_code() {
        Some(ResponseCode::INTEGRITY | ResponseCode::VALUE | ResponseCode::SIZE) => Error::integrity(
            "the TPM cannot open a credential for its endorsement key beside its signing key: they are not in one TPM",
        )
        .because(error),
        _ => error,
    }
}
