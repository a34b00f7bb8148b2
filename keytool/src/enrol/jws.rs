//! Signed requests: JSON Web Signatures in the flattened form (RFC 7515 §7.2.2, RFC 8555 §6.2).

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};

use super::account::Account;
use crate::error::Error;

/// Returns a request. `kid` is the URL of the account; without it, the request contains the key. No payload is POST-as-GET (§6.3).
///
/// # Errors
/// The TPM cannot sign.
pub(super) fn signed(
    account: &Account,
    kid: Option<&str>,
    (url, nonce): (&str, &str),
    payload: Option<&Value>,
) -> Result<Value, Error> {
    let mut header = json!({ "alg": account.algorithm(), "nonce": nonce, "url": url });
    if let Some(fields) = header.as_object_mut() {
        match kid {
            Some(kid) => fields.insert("kid".into(), kid.into()),
            None => fields.insert("jwk".into(), account.jwk()),
        };
    }
    let protected = encode(header.to_string());
    let payload = payload.map(|payload| encode(payload.to_string())).unwrap_or_default();
    let signature = account.sign(format!("{protected}.{payload}").as_bytes())?;
    Ok(json!({ "protected": protected, "payload": payload, "signature": encode(signature) }))
}

/// Returns bytes in base64url without padding, in which all binary values of ACME are.
pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    Base64UrlUnpadded::encode_string(bytes.as_ref())
}
