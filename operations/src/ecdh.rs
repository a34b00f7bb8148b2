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
