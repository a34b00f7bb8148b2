//! The public key of a TPM as OpenSSL's.

use keyfile::{Curve, PublicKey};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Public};
use openssl::rsa::Rsa;

/// Returns the key; `None` if it is neither RSA nor on a curve of NIST.
///
/// # Errors
/// It is not valid, such as a point that is not on its curve.
pub(crate) fn openssl_key(key: &PublicKey) -> Result<Option<PKey<Public>>, ErrorStack> {
    let number = BigNum::from_slice;
    match key {
        PublicKey::Rsa { modulus, exponent, .. } => {
            let exponent = if *exponent == 0 { PublicKey::DEFAULT_EXPONENT } else { *exponent };
            let rsa = Rsa::from_public_components(number(modulus)?, BigNum::from_u32(exponent)?)?;
            PKey::from_rsa(rsa).map(Some)
        }
        PublicKey::Ecc { curve, x, y, .. } => {
            let curve = match *curve {
                Curve::P256 => Nid::X9_62_PRIME256V1,
                Curve::P384 => Nid::SECP384R1,
                Curve::P521 => Nid::SECP521R1,
                _ => return Ok(None),
            };
            let group = EcGroup::from_curve_name(curve)?;
            let key = EcKey::from_public_key_affine_coordinates(&group, &*number(x)?, &*number(y)?)?;
            PKey::from_ec_key(key).map(Some)
        }
        _ => Ok(None),
    }
}
