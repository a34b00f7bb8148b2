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

#[cfg(test)]
mod tests {
    use super::*;

    /// A point of P-256: the generator.
    const X: &str = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
    const Y: &str = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    const P256: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200";

    fn problem(spki: &str) -> String {
        public_key(&hex::decode(spki).unwrap()).unwrap_err().to_string()
    }

    #[test]
    fn points_are_read_uncompressed_and_on_their_curve() {
        let key = public_key(&hex::decode(format!("{P256}04{X}{Y}")).unwrap()).unwrap();
        let PublicKey::Ecc { curve: Curve::P256, x, y, .. } = key else { panic!("{key:?}") };
        assert_eq!((hex::encode(x), hex::encode(y)), (X.to_owned(), Y.to_owned()));
        assert!(problem(&format!("{P256}04{X}{X}")).ends_with("it is not valid"));
        assert!(problem(&format!("{P256}06{X}{Y}")).ends_with("it is no uncompressed point"));
        let compressed = P256.replacen("3059", "3039", 1).replace("034200", "032200");
        assert!(problem(&format!("{compressed}03{X}")).ends_with("it is no uncompressed point"));
        // secp256k1 has the number 1.3.132.0.10.
        let other = "3056301006072a8648ce3d020106052b8104000a034200";
        assert!(problem(&format!("{other}04{X}{Y}")).ends_with("its curve is not supported"));
    }

    #[test]
    fn other_keys_are_refused() {
        assert!(problem("").starts_with("the public key cannot be read"));
        let ed25519 = format!("302a300506032b6570032100{X}");
        assert!(problem(&ed25519).ends_with("its algorithm 1.3.101.112 is not supported"));
        // An RSA key of 64 bits and one with an exponent of 33 bits; both have valid DER.
        let rsa = |number: &str, exponent: &str| {
            let tlv = |tag: &str, content: &str| format!("{tag}{:02x}{content}", content.len() / 2);
            let key = tlv("30", &(tlv("02", number) + &tlv("02", exponent)));
            tlv("30", &("300d06092a864886f70d0101010500".to_owned() + &tlv("03", &format!("00{key}"))))
        };
        assert!(public_key(&hex::decode(rsa("00c7f4a5b3d1e08f6b", "010001")).unwrap()).is_ok());
        for (number, exponent) in
            [("00c7f4a5b3d1e08f6b", "0100000001"), ("00c7f4a5b3d1e08f6b", "02"), ("01", "03")]
        {
            assert!(
                problem(&rsa(number, exponent)).starts_with("the public key cannot be read"),
                "{exponent}"
            );
        }
        assert!(problem("300f300d06092a864886f70d0101010500030100").contains("the public key"));
    }
}
