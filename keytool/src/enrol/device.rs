//! The device: the key to certify and the attestation key. It answers the challenge, and signs the request.

use attestation::acme::{Object, extra_data};
use attestation::{Evidence, signature};
use keyfile::wire::{Marshal, Unmarshal};
use keyfile::{Certification, PublicKey};
use openssl::pkey::{PKey, Public};
use tpm::{Key, Tpm};

use super::chain::Chain;
use super::request;
use crate::attest::verdict::tampered;
use crate::check::subject::Subject;
use crate::error::Error;
use crate::password::Secret;
use crate::public_key;
use crate::signer::{self, Signer};

const WHAT: &str = "key";

/// The opened keys.
pub(super) struct Device<'a> {
    key: Key,
    signer: Key,
    chain: &'a Chain,
}

impl<'a> Device<'a> {
    /// Opens the key and the attestation key, each with its password.
    ///
    /// # Errors
    /// There are no such keys, or the certificate is for another attestation key.
    pub(super) fn open(
        tpm: &Tpm,
        (subject, password): (&Subject, Option<&Secret>),
        (signer, password_of_signer, chain): (&Subject, Option<&Secret>, &'a Chain),
    ) -> Result<Self, Error> {
        let key = signer::open(tpm, WHAT, subject, password, |_| Ok(()))?;
        let signer =
            signer::open(tpm, "attestation key", signer, password_of_signer, |key| chain.check_key(key))?;
        Ok(Self { key, signer, chain })
    }

    /// Returns the public half of the key.
    pub(super) fn public(&self) -> &PublicKey {
        &self.key.public().key
    }

    /// Returns the attestation object for a key authorization, in CBOR.
    ///
    /// # Errors
    /// The TPM refuses; its answer was altered; or the attestation key has a scheme that ACME does not allow.
    pub(super) fn attestation(&self, key_authorization: &str) -> Result<Vec<u8>, Error> {
        let nonce = extra_data(key_authorization);
        let certified = self.key.certify(&self.signer, &nonce)?;
        // The server checks all this, too. A fault that is found here is one of the bus, not of the server.
        if !signature::verify(&certified.signer.key, &certified.statement, &certified.signature) {
            return Err(tampered("the attestation key has not signed the statement"));
        }
        let statement = Certification::from_bytes(&certified.statement)
            .map_err(|error| tampered(&format!("the signed structure is not a certification: {error}")))?;
        if statement.extra_data != nonce {
            return Err(tampered("the certification does not contain the nonce of this request"));
        }
        if statement.name != *self.key.name() {
            return Err(tampered("the certification is for another key"));
        }
        let evidence = Evidence {
            statement: certified.statement,
            signature: certified.signature,
            key: certified.public.to_bytes().map_err(tpm::Error::from)?,
            signer: None,
            signer_chain: self.chain.der.clone(),
        };
        let object = Object::new(&evidence).map_err(|error| {
            Error::request(
                format!("the attestation key cannot be used for ACME: {error}"),
                "use one with ECDSA on P-256, or RSA with PKCS#1 v1.5, and SHA-256",
            )
        })?;
        Ok(object.write())
    }

    /// Returns the request for the certificate in DER, signed by the key.
    ///
    /// # Errors
    /// The TPM refuses to sign.
    pub(super) fn request(&self, identifier: &str) -> Result<Vec<u8>, Error> {
        let key: PKey<Public> = public_key::openssl_key(self.public()).map_err(|errors| {
            Error::request(
                format!("OpenSSL cannot read the public key: {errors}"),
                "use an RSA key, or one on P-256, P-384 or P-521",
            )
        })?;
        request::signed(identifier, &key, &Signer::new(WHAT, self.key.clone())?)
    }
}
