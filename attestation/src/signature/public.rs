//! Verification with the RustCrypto crates. Only public values take part.

use keyfile::{AlgId, Curve, HashAlg, PublicKey, Signature};
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, Pkcs1v15Sign, Pss, RsaPublicKey};
use sha2::{Sha256, Sha384, Sha512};

/// Returns true if `key` has signed `message` with this signature, its scheme and its hash. SHA-1 is refused.
#[must_use]
pub fn verify(key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
    match (key, signature) {
        (PublicKey::Rsa { .. }, Signature::Rsa { scheme, hash, bytes }) => {
            rsa_key(key).is_some_and(|key| verify_rsa(&key, *scheme, *hash, message, bytes))
        }
        (PublicKey::Ecc { curve, x, y, .. }, Signature::Ecc { scheme: AlgId::ECDSA, hash, r, s }) => {
            *hash != HashAlg::Sha1 && verify_ecdsa(*curve, (x, y), &hash.digest(&[message]), (r, s))
        }
        _ => false,
    }
}

/// Returns true if the key is an RSA key of at most 4096 bits, or a point on P-256, P-384 or P-521.
#[must_use]
pub fn is_key(key: &PublicKey) -> bool {
    match key {
        PublicKey::Rsa { bits, .. } => rsa_key(key).is_some_and(|key| key.n().bits() == usize::from(*bits)),
        PublicKey::Ecc { curve, x, y, .. } => sec1(*curve, x, y).is_some_and(|point| match curve {
            Curve::P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).is_ok(),
            Curve::P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(&point).is_ok(),
            Curve::P521 => p521::ecdsa::VerifyingKey::from_sec1_bytes(&point).is_ok(),
            _ => false,
        }),
        PublicKey::KeyedHash { .. } | PublicKey::SymCipher { .. } => false,
    }
}

/// Verifies an RSA signature.
pub(crate) fn verify_rsa(
    key: &RsaPublicKey,
    scheme: AlgId,
    hash: HashAlg,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let digest = hash.digest(&[message]);
    match scheme {
        AlgId::RSASSA => {
            let padding = match hash {
                HashAlg::Sha1 => return false,
                HashAlg::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
                HashAlg::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
                HashAlg::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
            };
            key.verify(padding, &digest, signature).is_ok()
        }
        AlgId::RSAPSS => {
            // The salt is as long as the digest in newer TPMs, and as long as fits in older ones (Part 1 Annex B.7).
            let longest = key.size().saturating_sub(hash.size()).saturating_sub(2);
            [hash.size(), longest].into_iter().any(|salt| {
                let padding = match hash {
                    HashAlg::Sha1 => return false,
                    HashAlg::Sha256 => Pss::new_with_salt::<Sha256>(salt),
                    HashAlg::Sha384 => Pss::new_with_salt::<Sha384>(salt),
                    HashAlg::Sha512 => Pss::new_with_salt::<Sha512>(salt),
                };
                key.verify(padding, &digest, signature).is_ok()
            })
        }
        _ => false,
    }
}

fn rsa_key(key: &PublicKey) -> Option<RsaPublicKey> {
    let PublicKey::Rsa { modulus, exponent, .. } = key else { return None };
    let exponent = if *exponent == 0 { PublicKey::DEFAULT_EXPONENT } else { *exponent };
    // The constructor refuses more than 4096 bits.
    RsaPublicKey::new(BigUint::from_bytes_be(modulus), BigUint::from(exponent)).ok()
}

fn verify_ecdsa(curve: Curve, (x, y): (&[u8], &[u8]), digest: &[u8], (r, s): (&[u8], &[u8])) -> bool {
    let size = curve.field_bytes();
    let (Some(point), Some(r), Some(s)) = (sec1(curve, x, y), padded(r, size), padded(s, size)) else {
        return false;
    };
    let numbers = [r, s].concat();
    // The crates refuse digests of less than half the size of the curve: P-521 with SHA-256. Leading zeros do not change the number that
    // ECDSA takes a short digest for (FIPS 186-5 §6.4.2).
    let digest = padded(digest, size).unwrap_or_else(|| digest.to_vec());
    macro_rules! verify_on {
        ($curve:ident) => {{
            use $curve::ecdsa::signature::hazmat::PrehashVerifier;
            let key = $curve::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok();
            let signature = $curve::ecdsa::Signature::from_slice(&numbers).ok();
            key.zip(signature).is_some_and(|(key, signature)| key.verify_prehash(&digest, &signature).is_ok())
        }};
    }
    match curve {
        Curve::P256 => verify_on!(p256),
        Curve::P384 => verify_on!(p384),
        Curve::P521 => verify_on!(p521),
        _ => false,
    }
}

/// Returns an uncompressed point (SEC 1 §2.3.3).
fn sec1(curve: Curve, x: &[u8], y: &[u8]) -> Option<Vec<u8>> {
    let size = curve.field_bytes();
    Some([&[4][..], &padded(x, size)?, &padded(y, size)?].concat())
}

/// Returns the number with leading zeros, which TPMs may leave out.
fn padded(number: &[u8], size: usize) -> Option<Vec<u8>> {
    let missing = size.checked_sub(number.len())?;
    Some([vec![0; missing].as_slice(), number].concat())
}
