//! The public keys of accounts (RFC 7517): P-256 and RSA.

use openssl::bn::{BigNum, BigNumRef};
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Public};
use openssl::rsa::Rsa;
use openssl::sha::sha256;
use openssl::sign::Verifier;
use serde_json::Value;

use crate::encoding::{bytes_of, text_of, to_text};
use crate::problem::{Kind, Problem};

/// Shorter RSA keys are refused.
const MIN_BITS: u32 = 2048;
/// Bytes of a coordinate of P-256.
const COORDINATE: usize = 32;

/// A public key.
#[derive(Clone)]
pub(crate) struct Jwk {
    key: PKey<Public>,
    /// The signature algorithm that it is used with (RFC 7518 §3.1).
    pub(crate) algorithm: &'static str,
    /// The SHA-256 of its canonical form (RFC 7638).
    pub(crate) thumbprint: String,
}

impl Jwk {
    /// Reads a key.
    ///
    /// # Errors
    /// It is of another type, or not valid.
    pub(crate) fn read(jwk: &Value) -> Result<Self, Problem> {
        let refused = |why: &str| Problem::new(Kind::BadPublicKey, format!("the account key {why}"));
        let (key, algorithm, canonical) = match text_of(jwk, "kty")? {
            "EC" if text_of(jwk, "crv")? == "P-256" => {
                let (x, y) = (bytes_of(jwk, "x")?, bytes_of(jwk, "y")?);
                if (x.len(), y.len()) != (COORDINATE, COORDINATE) {
                    return Err(refused("has coordinates of another length than P-256"));
                }
                let key = ec(&x, &y).map_err(|_| refused("is not on its curve"))?;
                // RFC 7638 §3.2: the required members in lexical order.
                let canonical =
                    format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, to_text(&x), to_text(&y));
                (key, "ES256", canonical)
            }
            "RSA" => {
                let (n, e) = (bytes_of(jwk, "n")?, bytes_of(jwk, "e")?);
                let key = rsa(&n, &e).map_err(|_| refused("is no RSA key"))?;
                if key.bits() < MIN_BITS {
                    return Err(refused("is too short"));
                }
                let canonical = format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, to_text(&e), to_text(&n));
                (key, "RS256", canonical)
            }
            _ => return Err(refused("is neither on P-256 nor an RSA key")),
        };
        Ok(Self { key, algorithm, thumbprint: to_text(&sha256(canonical.as_bytes())) })
    }

    /// Returns true if the key has signed the message (RFC 7518 §3.3, §3.4).
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match self.algorithm {
            "ES256" => self.is_ecdsa(message, signature).unwrap_or(false),
            _ => Verifier::new(MessageDigest::sha256(), &self.key)
                .and_then(|mut verifier| verifier.verify_oneshot(signature, message))
                .unwrap_or(false),
        }
    }

    fn is_ecdsa(&self, message: &[u8], signature: &[u8]) -> Result<bool, ErrorStack> {
        let Some((r, s)) = signature.split_at_checked(COORDINATE).filter(|(_, s)| s.len() == COORDINATE)
        else {
            return Ok(false);
        };
        let signature = EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?;
        signature.verify(&sha256(message), &*self.key.ec_key()?)
    }
}

fn ec(x: &[u8], y: &[u8]) -> Result<PKey<Public>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    let number = BigNum::from_slice;
    let coordinates: [&BigNumRef; 2] = [&*number(x)?, &*number(y)?];
    PKey::from_ec_key(EcKey::from_public_key_affine_coordinates(&group, coordinates[0], coordinates[1])?)
}

fn rsa(n: &[u8], e: &[u8]) -> Result<PKey<Public>, ErrorStack> {
    PKey::from_rsa(Rsa::from_public_components(BigNum::from_slice(n)?, BigNum::from_slice(e)?)?)
}
