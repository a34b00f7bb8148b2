//! The statement `attStmt` of attestation objects with format `tpm` (WebAuthn Level 3 §8.3).

use ciborium::Value;

use crate::cbor::{self, Map};
use crate::{Malformed, cose};
use keyfile::{AlgId, HashAlg};

/// The format identifier of the objects.
pub(crate) const FORMAT: &str = "tpm";
const VERSION: &str = "2.0";
const WHAT: &str = "attestation object";

/// The fields of the statement. `sig` has another form in each of the two formats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The signature scheme, as a COSE number.
    pub alg: i64,
    /// The signature of `cert_info`.
    pub sig: Vec<u8>,
    /// The certificate of the attestation key, and its issuers, in DER.
    pub x5c: Vec<Vec<u8>>,
    /// The TPMT_PUBLIC of the key.
    pub pub_area: Vec<u8>,
    /// The TPMS_ATTEST.
    pub cert_info: Vec<u8>,
}

impl Statement {
    /// Reads an attestation object: the statement, and authData.
    pub(crate) fn read(object: &[u8]) -> Result<(Self, Vec<u8>), Malformed> {
        let mut object = Map::read(WHAT, object)?;
        let format = object.text("fmt")?;
        if format != FORMAT {
            return Err(Malformed::new(WHAT, format!("its format is {format:.40}, not {FORMAT}")));
        }
        let auth_data = object.optional_bytes("authData")?;
        let mut statement = object.map("attStmt")?;
        let version = statement.text("ver")?;
        if version != VERSION {
            return Err(Malformed::new(WHAT, format!("its version is {version:.40}, not {VERSION}")));
        }
        let statement = Self {
            alg: statement.number("alg")?,
            sig: statement.bytes("sig")?,
            x5c: statement.list("x5c")?,
            pub_area: statement.bytes("pubArea")?,
            cert_info: statement.bytes("certInfo")?,
        };
        Ok((statement, auth_data))
    }

    /// Returns the attestation object.
    pub(crate) fn write(&self, auth_data: Option<&[u8]>) -> Vec<u8> {
        let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
        let statement = cbor::map(vec![
            ("alg", self.alg.into()),
            ("sig", bytes(&self.sig)),
            ("ver", VERSION.into()),
            ("x5c", Value::Array(self.x5c.iter().map(|certificate| bytes(certificate)).collect())),
            ("pubArea", bytes(&self.pub_area)),
            ("certInfo", bytes(&self.cert_info)),
        ]);
        let mut object = vec![("fmt", FORMAT.into()), ("attStmt", statement)];
        object.extend(auth_data.map(|data| ("authData", bytes(data))));
        cbor::to_bytes(&cbor::map(object))
    }

    /// Returns the signature scheme and its hash.
    pub(crate) fn scheme(&self) -> Result<(AlgId, HashAlg), Malformed> {
        cose::scheme(self.alg)
            .ok_or_else(|| Malformed::new(WHAT, format!("alg {} is not a scheme of TPMs", self.alg)))
    }
}
