//! Shared secrets by ECDH in the TPM (TPM2_ECDH_ZGen), and the key derivation function of ANSI X9.63.

use keyfile::{Attributes, Public, PublicKey};
use tpm::ErrorKind;
use zeroize::Zeroizing;

use crate::{Digest, Error, Kind, Private, Result};

/// Returns the x coordinate of the shared point, as long as the field (SEC 1 §3.3.1). `point` is the peer's, uncompressed (SEC 1 §2.3.3).
/// The curves of TPMs have cofactor 1, so the cofactor mode changes nothing.
///
/// # Errors
/// The key may not derive secrets, the point is compressed or not on the curve, or the TPM refuses.
pub fn shared_secret(key: &dyn Private, point: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    agrees(key.public())?;
    let size = field_bytes(key)?;
    let coordinates = match point {
        [4, coordinates @ ..] if coordinates.len() == size.saturating_mul(2) => Some(coordinates),
        _ => None,
    };
    let (x, y) = coordinates.and_then(|both| both.split_at_checked(size)).ok_or_else(no_point)?;
    // Software cannot verify a shared secret. It is unprotected only if the user turned protection off (session = password).
    let z = key.ecdh_zgen(x, y)?.value;
    let too_long = || Error::new(Kind::Tpm(ErrorKind::Tpm), "the TPM's shared point is too long");
    let zeros = size.checked_sub(z.len()).ok_or_else(too_long)?;
    let mut secret = Zeroizing::new(Vec::with_capacity(size));
    secret.resize(zeros, 0);
    secret.extend_from_slice(&z);
    Ok(secret)
}

/// Returns the length of a shared secret.
///
/// # Errors
/// It is not an EC key.
pub fn field_bytes(key: &dyn Private) -> Result<usize> {
    match key.public().key {
        PublicKey::Ecc { curve, .. } => Ok(curve.field_bytes()),
        _ => Err(Error::new(Kind::WrongKey, "a derivation needs an EC key")),
    }
}

/// Derives a key of `size` bytes from a shared secret by the function of ANSI X9.63 (SEC 1 §3.6.1). `info` is SharedInfo.
///
/// # Errors
/// The hash function fails, or the requested length exceeds the limit of the function.
pub fn x963(digest: Digest<'_>, secret: &[u8], info: &[u8], size: usize) -> Result<Zeroizing<Vec<u8>>> {
    let mut key = Zeroizing::new(Vec::with_capacity(size.saturating_add(digest.size())));
    let mut block = Zeroizing::new(vec![0; digest.size()]);
    let mut counter: u32 = 0;
    while key.len() < size {
        counter = counter.checked_add(1).ok_or_else(too_long_key)?;
        digest.hasher().hash(&[secret, &counter.to_be_bytes(), info], &mut block).map_err(Error::caller)?;
        key.extend_from_slice(&block);
    }
    key.truncate(size);
    Ok(key)
}

/// Refuses a key that TPM2_ECDH_ZGen does not accept (TPM 2.0 Part 3 §14.5).
fn agrees(public: &Public) -> Result<()> {
    let decrypts = public.attributes.contains(Attributes::DECRYPT);
    if decrypts && !public.attributes.contains(Attributes::RESTRICTED) {
        return Ok(());
    }
    let hint = "use a key that may decrypt and is not restricted";
    Err(Error::new(Kind::WrongKey, "the key may not derive secrets").with_hint(hint))
}

fn no_point() -> Error {
    Error::new(Kind::WrongKey, "the peer's key has no uncompressed point")
}

fn too_long_key() -> Error {
    Error::new(Kind::Parameter, "kdf-outlen is too large")
}

#[cfg(test)]
mod tests {
    use keyfile::{Curve, HashAlg, Scheme};

    use super::*;
    use crate::fake::{Fake, OfTpm};

    fn point(fake: &Fake) -> Vec<u8> {
        let PublicKey::Ecc { x, y, .. } = &fake.public.key else { panic!("an EC key") };
        [&[4], x.as_slice(), y].concat()
    }

    #[test]
    fn a_secret_is_as_long_as_the_field() {
        for (curve, size) in [(Curve::P256, 32), (Curve::P384, 48), (Curve::P521, 66)] {
            let fake = Fake::ec(Scheme::Null, curve);
            assert_eq!(field_bytes(&fake).unwrap(), size);
            assert_eq!(shared_secret(&fake, &point(&fake)).unwrap().len(), size);
        }
    }

    #[test]
    fn other_points_and_keys_are_refused() {
        let mut fake = Fake::ec(Scheme::Null, Curve::P256);
        let point = point(&fake);
        let compressed = [&[2], &point[1..33]].concat();
        for wrong in [&[][..], &[4], &point[1..], &point[..64], &compressed] {
            assert_eq!(shared_secret(&fake, wrong).unwrap_err().kind(), Kind::WrongKey);
        }
        fake.public.attributes = Attributes::SIGN;
        let error = shared_secret(&fake, &point).unwrap_err();
        assert!(error.text().contains("may not derive"), "{error}");
        let rsa = Fake::rsa(Scheme::Null, true);
        assert_eq!(shared_secret(&rsa, &point).unwrap_err().kind(), Kind::WrongKey);
    }

    /// The first vector of SHA-256 in ansx963_2001.rsp of NIST's CAVS 12.0.
    #[test]
    fn a_derived_key_matches_the_vector() {
        let digest = Digest::new("SHA2-256", &OfTpm(HashAlg::Sha256));
        let secret = hex::decode("96c05619d56c328ab95fe84b18264b08725b85e33fd34f08").unwrap();
        let key = x963(digest, &secret, b"", 16).unwrap();
        assert_eq!(hex::encode(&*key), "443024c3dae66b95e6f5670601558f71");
        let long = x963(digest, &secret, b"info", 70).unwrap();
        let third = HashAlg::Sha256.digest(&[&secret, &[0, 0, 0, 3], b"info"]);
        assert_eq!(long[64..], third[..6]);
    }
}
