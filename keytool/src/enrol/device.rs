//! The device: the key to certify and the attestation key. It answers the challenge, and signs the request.

use attestation::acme::{Object, extra_data};
use keyfile::PublicKey;
use tpm::Tpm;

use super::chain::Chain;
use super::request;
use crate::check::subject::Subject;
use crate::error::Error;
use crate::evidence::Opened;
use crate::password::Secret;

/// The opened keys.
pub(super) struct Device(Opened);

impl Device {
    /// Opens the key and the attestation key, each with its password.
    ///
    /// # Errors
    /// There are no such keys, or the certificate is for another attestation key.
    pub(super) fn open(
        tpm: &Tpm,
        key: (&Subject, Option<&Secret>),
        ak: (&Subject, Option<&Secret>),
        chain: &Chain,
    ) -> Result<Self, Error> {
        let opened = Opened::open(tpm, key, ak, chain.der.clone())?;
        chain.check_key(&opened.ak.public().key)?;
        Ok(Self(opened))
    }

    /// Returns the public half of the key.
    pub(super) fn public(&self) -> &PublicKey {
        &self.0.key.public().key
    }

    /// Returns the attestation object for a key authorization, in CBOR.
    ///
    /// # Errors
    /// The TPM refuses; its answer was altered; or the attestation key has a scheme that ACME does not allow.
    pub(super) fn attestation(&self, key_authorization: &str) -> Result<Vec<u8>, Error> {
        let evidence = self.0.evidence(&extra_data(key_authorization))?;
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
        request::signed(identifier, &self.0.key)
    }
}
