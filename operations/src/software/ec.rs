//! Verifies ECDSA signatures on the curves that RustCrypto has.

use keyfile::Curve;
use missing::error::Failure;
use p256::ecdsa::signature::hazmat::PrehashVerifier;

/// The coordinates of a point, or the numbers of a signature.
type Pair<'a> = (&'a [u8], &'a [u8]);

/// Returns true if the signature is valid. The digest may have any length.
pub(super) fn verifies(
    curve: Curve,
    point: Pair<'_>,
    digest: &[u8],
    signature: Pair<'_>,
) -> Result<bool, Failure> {
    let size = curve.field_bytes();
    let sec1 = [&[4][..], &padded(point.0, size)?, &padded(point.1, size)?].concat();
    let signature = [padded(signature.0, size)?, padded(signature.1, size)?].concat();
    let digest = prehash(digest, size);
    macro_rules! verify {
        ($curve:ident) => {{
            use $curve::ecdsa::{Signature, VerifyingKey};
            let key =
                VerifyingKey::from_sec1_bytes(&sec1).map_err(|_| "the public point is not on its curve")?;
            // A number that is zero or not below the order is not part of a signature.
            Signature::from_slice(&signature)
                .and_then(|signature| key.verify_prehash(&digest, &signature))
                .is_ok()
        }};
    }
    match curve {
        Curve::P256 => Ok(verify!(p256)),
        Curve::P384 => Ok(verify!(p384)),
        Curve::P521 => Ok(verify!(p521)),
        other => Err(format!("signatures on the curve {other} cannot be verified in software").into()),
    }
}

/// Returns as many bytes as the field has: the leftmost ones of the digest, or zeros and the digest. The crates refuse digests that are
/// much shorter than the order; zeros before them change nothing (FIPS 186-5 §6.4.2).
pub(crate) fn prehash(digest: &[u8], size: usize) -> Vec<u8> {
    let leftmost = digest.get(..size).unwrap_or(digest);
    let mut bytes = vec![0; size.saturating_sub(leftmost.len())];
    bytes.extend_from_slice(leftmost);
    bytes
}

fn padded(number: &[u8], size: usize) -> Result<Vec<u8>, Failure> {
    let zeros = size.checked_sub(number.len()).ok_or("the number is longer than the field")?;
    let mut bytes = vec![0; zeros];
    bytes.extend_from_slice(number);
    Ok(bytes)
}
