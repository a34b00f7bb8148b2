//! Signed requests: JSON Web Signatures in the flattened form (RFC 7515 §7.2.2, RFC 8555 §6.2).

use serde_json::Value;

use crate::encoding::{bytes_of, text_of};
use crate::jwk::Jwk;
use crate::problem::{Kind, Problem};

/// The key that a request names.
pub(crate) enum Signer {
    /// The key itself: the account may be new.
    Key(Box<Jwk>),
    /// The URL of an account.
    Account(String),
}

/// A request whose signature is not verified.
pub(crate) struct Jws {
    pub(crate) signer: Signer,
    pub(crate) nonce: String,
    pub(crate) url: String,
    algorithm: String,
    signed: String,
    signature: Vec<u8>,
    payload: Vec<u8>,
}

impl Jws {
    /// Reads a request.
    ///
    /// # Errors
    /// It is not JSON, or a part is missing.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Problem> {
        let malformed = |what: &str| Problem::new(Kind::Malformed, what);
        let jws: Value = serde_json::from_slice(body).map_err(|_| malformed("the request is not JSON"))?;
        let protected: Value = serde_json::from_slice(&bytes_of(&jws, "protected")?)
            .map_err(|_| malformed("the protected header is not JSON"))?;
        let signer = match (protected.get("jwk"), protected.get("kid")) {
            (Some(jwk), None) => Signer::Key(Box::new(Jwk::read(jwk)?)),
            (None, Some(_)) => Signer::Account(text_of(&protected, "kid")?.to_owned()),
            _ => return Err(malformed("the protected header has not exactly one of jwk and kid")),
        };
        Ok(Self {
            signer,
            nonce: text_of(&protected, "nonce")?.to_owned(),
            url: text_of(&protected, "url")?.to_owned(),
            algorithm: text_of(&protected, "alg")?.to_owned(),
            signed: format!("{}.{}", text_of(&jws, "protected")?, text_of(&jws, "payload")?),
            signature: bytes_of(&jws, "signature")?,
            payload: bytes_of(&jws, "payload")?,
        })
    }

    /// Returns the payload, if the key has signed it. An empty payload is `null` (POST-as-GET, RFC 8555 §6.3).
    ///
    /// # Errors
    /// The signature is wrong, or the payload is not JSON.
    pub(crate) fn payload_signed_by(&self, key: &Jwk) -> Result<Value, Problem> {
        if self.algorithm != key.algorithm {
            let detail = format!("alg is {}, but the key is for {}", self.algorithm, key.algorithm);
            return Err(Problem::new(Kind::BadSignatureAlgorithm, detail));
        }
        if !key.has_signed(self.signed.as_bytes(), &self.signature) {
            return Err(Problem::new(Kind::Unauthorized, "the signature of the request is wrong"));
        }
        match self.payload.as_slice() {
            [] => Ok(Value::Null),
            payload => serde_json::from_slice(payload)
                .map_err(|_| Problem::new(Kind::Malformed, "the payload is not JSON")),
        }
    }
}
