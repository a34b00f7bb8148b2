//! Authenticator data for a key of a TPM (Web Authentication Level 3 §6.1), with its credential public key (§6.5.1, RFC 9052 §7).

use ciborium::Value;
use keyfile::{AlgId, Curve, HashAlg, PublicKey};
use tpm::Key;

use crate::error::Error;

/// User present, attested credential data included.
const FLAGS: u8 = 0x41;

/// Returns authenticator data. The credential's identifier is the Name of the key.
pub(super) fn of(rp_id: &str, key: &Key) -> Result<Vec<u8>, Error> {
    let id = key.name().as_bytes();
    let length = u16::try_from(id.len()).unwrap_or_default();
    let mut data = HashAlg::Sha256.digest(&[rp_id.as_bytes()]);
    data.push(FLAGS);
    // The signature counter, and an AAGUID of zeros: the TPM has none.
    data.extend([0; 4 + 16]);
    data.extend(length.to_be_bytes());
    data.extend(id);
    let unfit =
        || Error::request("the key has no form in COSE", "give an RSA key, or one on P-256, P-384 or P-521");
    let cose = cose_key(&key.public().key).ok_or_else(unfit)?;
    ciborium::into_writer(&cose, &mut data).map_err(|_| unfit())?;
    Ok(data)
}

fn cose_key(key: &PublicKey) -> Option<Value> {
    let number = |scheme, hash| attestation::cose::number(scheme, hash).map(Value::from);
    let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
    let entries = match key {
        PublicKey::Rsa { modulus, exponent, .. } => {
            let exponent = if *exponent == 0 { PublicKey::DEFAULT_EXPONENT } else { *exponent };
            let exponent: Vec<u8> =
                exponent.to_be_bytes().into_iter().skip_while(|&byte| byte == 0).collect();
            vec![
                (1, 3.into()),
                (3, number(AlgId::RSASSA, HashAlg::Sha256)?),
                (-1, bytes(modulus)),
                (-2, bytes(&exponent)),
            ]
        }
        PublicKey::Ecc { curve, x, y, .. } => {
            let (curve_number, hash) = match curve {
                Curve::P256 => (1, HashAlg::Sha256),
                Curve::P384 => (2, HashAlg::Sha384),
                Curve::P521 => (3, HashAlg::Sha512),
                _ => return None,
            };
            let padded = |coordinate: &[u8]| {
                let zeros = curve.field_bytes().saturating_sub(coordinate.len());
                Value::Bytes([vec![0; zeros].as_slice(), coordinate].concat())
            };
            vec![
                (1, 2.into()),
                (3, number(AlgId::ECDSA, hash)?),
                (-1, curve_number.into()),
                (-2, padded(x)),
                (-3, padded(y)),
            ]
        }
        PublicKey::KeyedHash { .. } | PublicKey::SymCipher { .. } => return None,
    };
    Some(Value::Map(entries.into_iter().map(|(name, value): (i64, Value)| (name.into(), value)).collect()))
}
