//! Attestation objects of the ACME challenge device-attest-01 (draft-ietf-acme-device-attest). The signature is a TPMT_SIGNATURE, there is
//! no authData, and the nonce is the hash of the key authorization.

use keyfile::wire::{Marshal, Unmarshal};
use keyfile::{AlgId, HashAlg, Signature};

use crate::webauthn::{evidence, statement};
use crate::{Evidence, Malformed, Statement};

const WHAT: &str = "attestation object";

/// An attestation object. The challenge response contains it in base64url as `attObj`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The statement. Its `sig` is a TPMT_SIGNATURE.
    pub statement: Statement,
}

impl Object {
    /// Creates the object of evidence whose attestation key has a certificate.
    ///
    /// # Errors
    /// The format does not allow the signature scheme, or there is no certificate.
    pub fn new(evidence: &Evidence) -> Result<Self, Malformed> {
        let sig = evidence.signature.to_bytes().map_err(Malformed::because("signature"))?;
        let object = Self { statement: statement(evidence, sig)? };
        object.scheme()?;
        Ok(object)
    }

    /// Reads an object. authData is ignored: the draft says that it should be omitted.
    ///
    /// # Errors
    /// It is not CBOR, a field is missing or has another type, or the format is not `tpm`, version 2.0.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        Ok(Self { statement: Statement::read(bytes)?.0 })
    }

    /// Returns the object in CBOR.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        self.statement.write(None)
    }

    /// Returns the evidence in the object.
    ///
    /// # Errors
    /// `alg` is not allowed, or `sig` is no TPMT_SIGNATURE of this scheme.
    pub fn evidence(&self) -> Result<Evidence, Malformed> {
        let expected = self.scheme()?;
        let signature =
            Signature::from_bytes(&self.statement.sig).map_err(Malformed::because("signature"))?;
        let found = match &signature {
            Signature::Rsa { scheme, hash, .. } | Signature::Ecc { scheme, hash, .. } => {
                Some((*scheme, *hash))
            }
            Signature::Null | Signature::Hmac { .. } => None,
        };
        if found != Some(expected) {
            return Err(Malformed::new(WHAT, "alg is not the scheme of the signature"));
        }
        Ok(evidence(&self.statement, signature))
    }

    /// Returns the scheme. ACME servers accept ES256, RS256 and RS1 only; which hash is strong enough is decided by the verifier.
    fn scheme(&self) -> Result<(AlgId, HashAlg), Malformed> {
        match self.statement.alg {
            -7 | -257 | -65535 => self.statement.scheme(),
            other => Err(Malformed::new(WHAT, format!("alg {other} is not allowed: use -7 or -257"))),
        }
    }
}

/// Returns the nonce that the statement must contain: the SHA-256 of the key authorization, which is the token, a dot, and the thumbprint
/// of the account key (RFC 8555 §8.1).
#[must_use]
pub fn extra_data(key_authorization: &str) -> Vec<u8> {
    HashAlg::Sha256.digest(&[key_authorization.as_bytes()])
}
