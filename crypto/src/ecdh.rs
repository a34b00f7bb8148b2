//! One-pass ECDH with the public point of a TPM key (TPM 2.0 Part 1 Annex C.6.1): returns an ephemeral public key and the shared
//! secret.

use keyfile::Curve;
use p256::elliptic_curve::sec1::{EncodedPoint, FromEncodedPoint, ModulusSize, ToEncodedPoint};
use p256::elliptic_curve::{
    self, AffinePoint, CurveArithmetic, FieldBytes, FieldBytesSize, PublicKey, SecretKey,
};
use zeroize::Zeroizing;

use crate::CryptoError;
use crate::random::Random;

/// The ephemeral public point (x, y), and the x coordinate z of the shared point. All have the length of a field element.
pub(super) struct Shared {
    pub(super) x: Vec<u8>,
    pub(super) y: Vec<u8>,
    pub(super) z: Zeroizing<Vec<u8>>,
}

/// Returns true if [`agree`] supports the curve.
pub(super) fn supports(curve: Curve) -> bool {
    matches!(curve, Curve::P256 | Curve::P384 | Curve::P521)
}

/// Agrees on a secret with the holder of the key whose public point is (x, y).
pub(super) fn agree(
    curve: Curve,
    x: &[u8],
    y: &[u8],
    random: &mut dyn Random,
) -> Result<Shared, CryptoError> {
    match curve {
        Curve::P256 => agree_on::<p256::NistP256>(x, y, 0xff, random),
        Curve::P384 => agree_on::<p384::NistP384>(x, y, 0xff, random),
        Curve::P521 => agree_on::<p521::NistP521>(x, y, 0x01, random),
        other => Err(CryptoError::Curve(other)),
    }
}

/// Points have up to 8 KiB of temporary values, so each curve has its own function, and so has each step with a point.
#[inline(never)]
fn agree_on<C>(x: &[u8], y: &[u8], top: u8, random: &mut dyn Random) -> Result<Shared, CryptoError>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromEncodedPoint<C> + ToEncodedPoint<C>,
    FieldBytesSize<C>: ModulusSize,
{
    let peer = peer::<C>(x, y)?;
    let own = Box::new(ephemeral::<C>(top, random)?);
    let (x, y) = public_point(&own)?;
    Ok(Shared { x, y, z: shared_secret(&own, &peer) })
}

#[inline(never)]
fn peer<C>(x: &[u8], y: &[u8]) -> Result<Box<PublicKey<C>>, CryptoError>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromEncodedPoint<C> + ToEncodedPoint<C>,
    FieldBytesSize<C>: ModulusSize,
{
    let (x, y) = (padded_coordinate::<C>(x)?, padded_coordinate::<C>(y)?);
    let point = EncodedPoint::<C>::from_affine_coordinates(&x, &y, false);
    Option::from(PublicKey::from_encoded_point(&point)).map(Box::new).ok_or(CryptoError::Point)
}

#[inline(never)]
fn public_point<C>(own: &SecretKey<C>) -> Result<(Vec<u8>, Vec<u8>), CryptoError>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromEncodedPoint<C> + ToEncodedPoint<C>,
    FieldBytesSize<C>: ModulusSize,
{
    let point = own.public_key().to_encoded_point(false);
    let coordinate = |c: Option<&FieldBytes<C>>| c.map(|c| c.to_vec()).ok_or(CryptoError::Point);
    Ok((coordinate(point.x())?, coordinate(point.y())?))
}

#[inline(never)]
fn shared_secret<C: CurveArithmetic>(own: &SecretKey<C>, peer: &PublicKey<C>) -> Zeroizing<Vec<u8>> {
    let z = elliptic_curve::ecdh::diffie_hellman(own.to_nonzero_scalar(), peer.as_affine());
    Zeroizing::new(z.raw_secret_bytes().to_vec())
}

/// Returns a uniform private key by rejection: random bytes without the bits above the order's length, until they are below the
/// order.
#[inline(never)]
fn ephemeral<C>(top: u8, random: &mut dyn Random) -> Result<SecretKey<C>, CryptoError>
where
    C: CurveArithmetic,
{
    let size = FieldBytes::<C>::default().len();
    for _ in 0..128 {
        let mut bytes = random.bytes(size)?;
        if let Some(first) = bytes.first_mut() {
            *first &= top;
        }
        if let Ok(key) = SecretKey::from_slice(&bytes) {
            return Ok(key);
        }
    }
    // In the worst case (P-521: the order is slightly below 2^521) one try in 2^32 fails. 128 failures mean that the source is not
    // random.
    Err(CryptoError::Random(getrandom::Error::UNEXPECTED))
}

/// Returns a coordinate padded to the length of the field: some TPMs remove leading zeros.
fn padded_coordinate<C: elliptic_curve::Curve>(bytes: &[u8]) -> Result<FieldBytes<C>, CryptoError> {
    let mut field = FieldBytes::<C>::default();
    let start = field.len().checked_sub(bytes.len()).ok_or(CryptoError::Point)?;
    field.iter_mut().skip(start).zip(bytes).for_each(|(to, from)| *to = *from);
    Ok(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::{Known, of};

    #[test]
    fn ecdh_matches_the_vectors() {
        for v in of("ecdh") {
            let mut random = Known::new([v.bytes("ephemeral")]);
            let shared = agree(v.curve(), &v.bytes("x"), &v.bytes("y"), &mut random).unwrap();
            assert_eq!((shared.x, shared.y), (v.bytes("ex"), v.bytes("ey")), "{v}");
            assert_eq!(*shared.z, v.bytes("z"), "{v}");
        }
    }

    #[test]
    fn supported_curves_are_those_that_agree_accepts() {
        for curve in
            [Curve::P192, Curve::P224, Curve::P256, Curve::P384, Curve::P521, Curve::BnP256, Curve::Sm2P256]
        {
            let refused = agree(curve, &[], &[], &mut Known::new([]));
            assert_eq!(supports(curve), !matches!(refused, Err(CryptoError::Curve(_))), "{curve}");
        }
    }

    #[test]
    fn a_coordinate_without_leading_zero_is_padded() {
        let v = of("ecdh").into_iter().find(|v| v.bytes("x")[0] == 0).unwrap();
        let mut random = Known::new([v.bytes("ephemeral")]);
        let shared = agree(v.curve(), &v.bytes("x")[1..], &v.bytes("y"), &mut random).unwrap();
        assert_eq!(*shared.z, v.bytes("z"));
    }

    #[test]
    fn a_point_off_its_curve_is_refused() {
        for v in of("ecdh") {
            let (x, mut y) = (v.bytes("x"), v.bytes("y"));
            *y.last_mut().unwrap() ^= 1;
            let mut random = Known::new([v.bytes("ephemeral")]);
            assert!(matches!(agree(v.curve(), &x, &y, &mut random), Err(CryptoError::Point)), "{v}");
            let long = [vec![0], x.clone()].concat();
            assert!(matches!(agree(v.curve(), &long, &y, &mut random), Err(CryptoError::Point)), "{v}");
            assert!(matches!(agree(v.curve(), &[], &[], &mut random), Err(CryptoError::Point)), "{v}");
        }
    }

    #[test]
    fn an_ephemeral_key_out_of_range_is_drawn_again() {
        let v = of("ecdh").into_iter().next().unwrap();
        let size = v.bytes("x").len();
        let mut random = Known::new([vec![0xff; size], vec![0; size], v.bytes("ephemeral")]);
        let shared = agree(v.curve(), &v.bytes("x"), &v.bytes("y"), &mut random).unwrap();
        assert_eq!(*shared.z, v.bytes("z"));
    }
}
