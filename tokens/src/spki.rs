//! SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) of RSA and EC keys, and the identifier that NSS computes from a public key.

mod read;

use asn1::{BigUint, BitString, ObjectIdentifier, SequenceWriter, WriteError, Writer, oid};
use keyfile::PublicKey;
use sha1::{Digest, Sha1};

pub(crate) use read::public_key;

/// rsaEncryption and id-RSASSA-PSS (RFC 8017 appendix C), and id-ecPublicKey (RFC 5480 §2.1.1).
const RSA: ObjectIdentifier = oid!(1, 2, 840, 113549, 1, 1, 1);
const RSA_PSS: ObjectIdentifier = oid!(1, 2, 840, 113549, 1, 1, 10);
const EC: ObjectIdentifier = oid!(1, 2, 840, 10045, 2, 1);

/// Returns the SubjectPublicKeyInfo in DER; none if the key is neither RSA nor on a curve with a known OID.
pub(crate) fn encoded(key: &PublicKey) -> Option<Vec<u8>> {
    match key {
        PublicKey::Rsa { modulus, exponent, .. } => {
            let exponent = if *exponent == 0 { PublicKey::DEFAULT_EXPONENT } else { *exponent };
            let (modulus, exponent) = (unsigned(modulus), unsigned(&exponent.to_be_bytes()));
            let numbers = |w: &mut Writer<'_>| {
                w.write_element(&BigUint::new(&modulus))?;
                w.write_element(&BigUint::new(&exponent))
            };
            let bits = asn1::write_single(&SequenceWriter::new(&numbers)).ok()?;
            info(&bits, &|w| {
                w.write_element(&RSA)?;
                w.write_element(&())
            })
        }
        PublicKey::Ecc { curve, .. } => {
            let curve = curve.oid()?;
            info(&point(key)?, &|w| {
                w.write_element(&EC)?;
                w.write_element(&curve)
            })
        }
        PublicKey::KeyedHash { .. } | PublicKey::SymCipher { .. } => None,
    }
}

/// Returns the identifier that NSS computes (PK11_MakeIDFromPubKey): SHA-1 of the modulus or of the uncompressed point.
pub(crate) fn id(key: &PublicKey) -> Option<Vec<u8>> {
    match key {
        PublicKey::Rsa { modulus, .. } => Some(Sha1::digest(number(modulus)).to_vec()),
        _ => point(key).map(|point| Sha1::digest(point).to_vec()),
    }
}

/// Returns an identifier for a public key of another type: SHA-1 of its SubjectPublicKeyInfo.
pub(crate) fn id_of_unknown(spki: &[u8]) -> Vec<u8> {
    Sha1::digest(spki).to_vec()
}

/// Returns the uncompressed point (SEC 1 §2.3.3).
fn point(key: &PublicKey) -> Option<Vec<u8>> {
    let PublicKey::Ecc { curve, x, y, .. } = key else { return None };
    let mut point = vec![4];
    for coordinate in [x, y] {
        let digits = number(coordinate);
        let zeros = curve.field_bytes().checked_sub(digits.len())?;
        point.resize(point.len().saturating_add(zeros), 0);
        point.extend_from_slice(digits);
    }
    Some(point)
}

fn info(bits: &[u8], algorithm: &dyn Fn(&mut Writer<'_>) -> Result<(), WriteError>) -> Option<Vec<u8>> {
    let bits = BitString::new(bits, 0)?;
    let fields = |w: &mut Writer<'_>| {
        w.write_element(&SequenceWriter::new(algorithm))?;
        w.write_element(&bits)
    };
    asn1::write_single(&SequenceWriter::new(&fields)).ok()
}

/// Returns the number without leading zeros, which a TPM may add or leave out.
fn number(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// Returns the contents of an INTEGER: a leading zero marks a positive number (X.690 §8.3).
fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let digits = number(bytes);
    let sign: &[u8] = if digits.first().is_none_or(|first| first & 0x80 != 0) { &[0] } else { &[] };
    [sign, digits].concat()
}
