//! The public key of a certificate or a request, in the form of a TPM's public area.

use der::Decode;
use keyfile::{Curve, Kdf, PublicKey, Scheme, Symmetric};
use rsa::RsaPublicKey;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::traits::PublicKeyParts;
use x509_cert::spki::SubjectPublicKeyInfoRef;

use crate::{Malformed, signature};

const WHAT: &str = "public key";
const RSA: &str = "1.2.840.113549.1.1.1";
const EC: &str = "1.2.840.10045.2.1";
const CURVES: [(&str, Curve); 3] =
    [("1.2.840.10045.3.1.7", Curve::P256), ("1.3.132.0.34", Curve::P384), ("1.3.132.0.35", Curve::P521)];

/// Returns the key of a SubjectPublicKeyInfo in DER. The scheme is NULL, because the structure does not contain one.
///
/// # Errors
/// It is damaged, or neither RSA nor an uncompressed point on P-256, P-384 or P-521.
pub fn public_key(spki: &[u8]) -> Result<PublicKey, Malformed> {
    let spki = SubjectPublicKeyInfoRef::from_der(spki).map_err(Malformed::because(WHAT))?;
    let bits = spki.subject_public_key.as_bytes().unwrap_or_default();
    let key = match spki.algorithm.oid.to_string().as_str() {
        RSA => rsa(bits)?,
        EC => {
            let curve = spki.algorithm.parameters_oid().map_err(Malformed::because(WHAT))?.to_string();
            let curve = CURVES.iter().find(|(oid, _)| *oid == curve).map(|(_, curve)| *curve);
            ec(curve.ok_or_else(|| Malformed::new(WHAT, "its curve is not supported"))?, bits)?
        }
        other => return Err(Malformed::new(WHAT, format!("its algorithm {other} is not supported"))),
    };
    match signature::is_key(&key) {
        true => Ok(key),
        false => Err(Malformed::new(WHAT, "it is not valid")),
    }
}

fn rsa(der: &[u8]) -> Result<PublicKey, Malformed> {
    let key = RsaPublicKey::from_pkcs1_der(der).map_err(|_| Malformed::new(WHAT, "it is no RSA key"))?;
    let exponent = key
        .e()
        .to_bytes_be()
        .into_iter()
        .try_fold(0_u32, |number, byte| number.checked_mul(256)?.checked_add(u32::from(byte)));
    Ok(PublicKey::Rsa {
        symmetric: Symmetric::Null,
        scheme: Scheme::Null,
        bits: u16::try_from(key.n().bits()).map_err(Malformed::because(WHAT))?,
        exponent: exponent.ok_or_else(|| Malformed::new(WHAT, "its exponent is too large"))?,
        modulus: key.n().to_bytes_be(),
    })
}

fn ec(curve: Curve, point: &[u8]) -> Result<PublicKey, Malformed> {
    let coordinates = point.strip_prefix(&[4]).and_then(|rest| rest.split_at_checked(curve.field_bytes()));
    let (x, y) = coordinates.ok_or_else(|| Malformed::new(WHAT, "it is no uncompressed point"))?;
    Ok(PublicKey::Ecc {
        symmetric: Symmetric::Null,
        scheme: Scheme::Null,
        curve,
        kdf: Kdf::Null,
        x: x.to_vec(),
        y: y.to_vec(),
    })
}
