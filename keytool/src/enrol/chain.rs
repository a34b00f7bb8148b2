//! Certificates in PEM: those of the attestation key, and the one that the server issues.

use std::path::Path;

use keyfile::PublicKey;
use openssl::x509::X509;

use crate::error::Error;
use crate::{input, public_key};

const WHAT: &str = "give the certificate of the attestation key in PEM, then those of its issuers";

/// The certificate of the attestation key, then those of its issuers.
pub(super) struct Chain {
    /// The certificates in DER.
    pub(super) der: Vec<Vec<u8>>,
    key: PublicKey,
}

impl Chain {
    /// Reads the certificates of a PEM file, which may also contain the key.
    ///
    /// # Errors
    /// The file cannot be read, or contains no certificate for a key that a TPM could hold.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let refused = |problem: &str| Error::file(path, problem, WHAT);
        let chain = X509::stack_from_pem(&input::read(path, WHAT)?).unwrap_or_default();
        let key = chain.first().ok_or_else(|| refused("it contains no certificate"))?;
        let key = numbers(key).ok_or_else(|| refused("no TPM can hold the key of its first certificate"))?;
        let der: Result<Vec<_>, _> = chain.iter().map(|certificate| certificate.to_der()).collect();
        Ok(Self { der: der.map_err(|errors| refused(&errors.to_string()))?, key })
    }

    /// Checks that the first certificate is for this key.
    ///
    /// # Errors
    /// It is for another key.
    pub(super) fn check_key(&self, key: &PublicKey) -> Result<(), Error> {
        match self.key.has_numbers_of(key) {
            true => Ok(()),
            false => Err(Error::request(
                "the first certificate of --ak-cert belongs to another key than --ak",
                "give the certificate of this attestation key",
            )),
        }
    }
}

/// Checks that an issued chain begins with a certificate for this key.
///
/// # Errors
/// It does not.
pub(super) fn check(pem: &[u8], key: &PublicKey) -> Result<(), Error> {
    let chain = X509::stack_from_pem(pem).unwrap_or_default();
    match chain.first().and_then(|certificate| numbers(certificate)) {
        Some(found) if found.has_numbers_of(key) => Ok(()),
        _ => Err(Error::request(
            "the ACME server sent a certificate for another key",
            "ask the operator of the server; the current certificate is unchanged",
        )),
    }
}

/// Returns the public key of a certificate, if a TPM could hold it.
pub(super) fn numbers(certificate: &openssl::x509::X509Ref) -> Option<PublicKey> {
    public_key::numbers(&*certificate.public_key().ok()?).ok()
}
