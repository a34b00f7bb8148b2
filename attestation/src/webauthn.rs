//! Attestation objects of Web Authentication with format `tpm` (W3C Web Authentication Level 3 §8.3). The signature is bare, and the nonce
//! is a hash of authData and clientDataHash.

use keyfile::Signature;

use crate::signature::{from_bare, to_bare};
use crate::{Evidence, Malformed, Statement, cose};

/// An attestation object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The statement. Its `sig` is an RSA signature as bytes, or an ECDSA signature in DER.
    pub statement: Statement,
    /// The authenticator data.
    pub auth_data: Vec<u8>,
}

impl Object {
    /// Creates the object of evidence whose attestation key has a certificate.
    ///
    /// # Errors
    /// The signature scheme has no COSE number, or there is no certificate.
    pub fn new(evidence: &Evidence, auth_data: Vec<u8>) -> Result<Self, Malformed> {
        let statement = statement(evidence, to_bare(&evidence.signature)?)?;
        Ok(Self { statement, auth_data })
    }

    /// Reads an object.
    ///
    /// # Errors
    /// It is not CBOR, a field is missing or has another type, or the format is not `tpm`, version 2.0.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let (statement, auth_data) = Statement::read(bytes)?;
        Ok(Self { statement, auth_data })
    }

    /// Returns the object in CBOR.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        self.statement.write(Some(&self.auth_data))
    }

    /// Returns the evidence in the object.
    ///
    /// # Errors
    /// `alg` is unknown, or `sig` is no such signature.
    pub fn evidence(&self) -> Result<Evidence, Malformed> {
        let (scheme, hash) = self.statement.scheme()?;
        Ok(evidence(&self.statement, from_bare(scheme, hash, &self.statement.sig)?))
    }

    /// Returns the nonce that the statement must contain: the hash of `alg` over authData ‖ clientDataHash (§8.3, attToBeSigned).
    ///
    /// # Errors
    /// `alg` is unknown.
    pub fn extra_data(&self, client_data_hash: &[u8]) -> Result<Vec<u8>, Malformed> {
        let (_, hash) = self.statement.scheme()?;
        Ok(hash.digest(&[&self.auth_data, client_data_hash]))
    }
}

/// Returns a statement with this form of the signature.
pub(crate) fn statement(evidence: &Evidence, sig: Vec<u8>) -> Result<Statement, Malformed> {
    const WHAT: &str = "evidence";
    let alg = match &evidence.signature {
        Signature::Rsa { scheme, hash, .. } | Signature::Ecc { scheme, hash, .. } => {
            cose::number(*scheme, *hash)
        }
        Signature::Null | Signature::Hmac { .. } => None,
    };
    let alg = alg.ok_or_else(|| Malformed::new(WHAT, "its signature scheme has no COSE number"))?;
    if evidence.signer_chain.is_empty() {
        return Err(Malformed::new(WHAT, "the attestation key has no certificate"));
    }
    Ok(Statement {
        alg,
        sig,
        x5c: evidence.signer_chain.clone(),
        pub_area: evidence.key.clone(),
        cert_info: evidence.statement.clone(),
    })
}

/// Returns the evidence in a statement whose signature has been read.
pub(crate) fn evidence(statement: &Statement, signature: Signature) -> Evidence {
    Evidence {
        statement: statement.cert_info.clone(),
        signature,
        key: statement.pub_area.clone(),
        signer: None,
        signer_chain: statement.x5c.clone(),
    }
}
