//! Reads a public key from a file: PEM, DER, or a public area of a TPM.

use std::path::Path;

use keyfile::wire::{Reader, Unmarshal};
use keyfile::{Curve, Kdf, Public, PublicKey, Scheme, Symmetric};
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, EcKeyRef};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{HasPublic, Id, PKey, PKeyRef, Public as PublicHalf};
use openssl::rsa::{Rsa, RsaRef};

use crate::error::Error;
use crate::{input, software};

const KINDS: &str = "give an RSA or EC public key in PEM or DER (openssl pkey -pubout), or a public area (tpm2_readpublic -o)";

/// The content of a public key file.
pub(crate) enum PublicArea {
    /// A public area of a TPM.
    Whole(Public),
    /// The numbers of the key, without cipher and scheme.
    Key(PublicKey),
}

/// Reads a public key.
///
/// # Errors
/// The file cannot be read, or contains no public key that a TPM supports.
pub(crate) fn read(path: &Path) -> Result<PublicArea, Error> {
    parse(path, &input::read(path, KINDS)?)
}

/// The same, for a file that was read already.
///
/// # Errors
/// As [`read`].
pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<PublicArea, Error> {
    software::start()?;
    let refused = |problem: String| Error::file(path, problem, KINDS);
    if let Some(public) = area(bytes) {
        return Ok(PublicArea::Whole(public));
    }
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let key = if holds("-----BEGIN ") {
        if holds("PRIVATE KEY-----") {
            return Err(refused("it contains a private key".to_owned()));
        }
        PKey::public_key_from_pem(bytes)
    } else {
        PKey::public_key_from_der(bytes)
    };
    let key = key.map_err(|_| refused("it contains no public key".to_owned()))?;
    numbers(&key).map(PublicArea::Key).map_err(|unfit| refused(unfit.0))
}

/// Parses TPM2B_PUBLIC, or TPMT_PUBLIC without the size, as tpm2-tools and the IBM tools write them.
pub(crate) fn area(bytes: &[u8]) -> Option<Public> {
    let mut r = Reader::new(bytes);
    let sized = r.sized().ok().and_then(|inner| Public::from_bytes(inner).ok());
    sized.filter(|_| r.finish().is_ok()).or_else(|| Public::from_bytes(bytes).ok())
}

/// The reason why no TPM can hold a key.
pub(crate) struct Unfit(pub(crate) String);

impl From<ErrorStack> for Unfit {
    fn from(stack: ErrorStack) -> Self {
        let reason = stack.errors().last().and_then(openssl::error::Error::reason);
        Unfit(format!("OpenSSL reports that it is damaged ({})", reason.unwrap_or("no reason given")))
    }
}

/// Returns the public numbers of a key.
///
/// # Errors
/// No TPM can hold the key.
pub(crate) fn numbers(key: &PKeyRef<PublicHalf>) -> Result<PublicKey, Unfit> {
    let (symmetric, scheme) = (Symmetric::Null, Scheme::Null);
    match key.id() {
        Id::RSA => {
            let rsa = key.rsa()?;
            let modulus = rsa.n().to_vec();
            let bits = u16::try_from(rsa.n().num_bits()).ok().filter(|bits| bits % 8 == 0);
            let (Some(bits), Some(exponent)) = (bits, exponent(&rsa)) else {
                return Err(Unfit("no TPM supports the size of its modulus or exponent".to_owned()));
            };
            Ok(PublicKey::Rsa { symmetric, scheme, bits, exponent, modulus })
        }
        Id::EC => {
            let (curve, x, y) = point(&*key.ec_key()?)?;
            Ok(PublicKey::Ecc { symmetric, scheme, curve, kdf: Kdf::Null, x, y })
        }
        _ => Err(Unfit("it is neither an RSA nor an EC key".to_owned())),
    }
}

/// Returns the public exponent, or none if it exceeds the TPM's field of 32 bits (Part 2, TPMS_RSA_PARMS).
pub(crate) fn exponent<T: HasPublic>(key: &RsaRef<T>) -> Option<u32> {
    let bytes = key.e().to_vec();
    (bytes.len() <= 4).then(|| bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

/// Returns the curve, and the coordinates padded to the size of the curve's field.
///
/// # Errors
/// No TPM supports the curve.
pub(crate) fn point<T: HasPublic>(key: &EcKeyRef<T>) -> Result<(Curve, Vec<u8>, Vec<u8>), Unfit> {
    let group = key.group();
    let Some(name) = group.curve_name().and_then(|nid| nid.short_name().ok()) else {
        return Err(Unfit("its curve has no name, but a TPM supports named curves only".to_owned()));
    };
    let curve: Curve = name.parse().map_err(|_| Unfit(format!("no TPM supports its curve, {name}")))?;
    let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
    key.public_key().affine_coordinates(group, &mut x, &mut y, &mut *BigNumContext::new()?)?;
    let size = i32::try_from(curve.field_bytes()).unwrap_or(i32::MAX);
    Ok((curve, x.to_vec_padded(size)?, y.to_vec_padded(size)?))
}

/// Returns a public key as an OpenSSL key.
///
/// # Errors
/// The key is not valid, such as a point that is not on its curve, or OpenSSL lacks its type.
pub(crate) fn to_openssl(key: &PublicKey) -> Result<PKey<PublicHalf>, ErrorStack> {
    match key {
        PublicKey::Rsa { modulus, exponent, .. } => {
            let exponent = if *exponent == 0 { PublicKey::DEFAULT_EXPONENT } else { *exponent };
            let rsa = Rsa::from_public_components(BigNum::from_slice(modulus)?, BigNum::from_u32(exponent)?)?;
            PKey::from_rsa(rsa)
        }
        PublicKey::Ecc { curve, x, y, .. } => {
            let group = EcGroup::from_curve_name(match curve {
                Curve::P256 => Nid::X9_62_PRIME256V1,
                Curve::P384 => Nid::SECP384R1,
                Curve::P521 => Nid::SECP521R1,
                _ => return Err(ErrorStack::get()),
            })?;
            let (x, y) = (BigNum::from_slice(x)?, BigNum::from_slice(y)?);
            PKey::from_ec_key(EcKey::from_public_key_affine_coordinates(&group, &x, &y)?)
        }
        _ => Err(ErrorStack::get()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyfile::wire::Marshal;
    use tpm::template::Storage;

    fn from(bytes: &[u8]) -> Result<PublicArea, Error> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        read(file.path())
    }

    fn keys() -> Vec<PKey<PublicHalf>> {
        let group = EcGroup::from_curve_name(Nid::SECP521R1).unwrap();
        let (ec, rsa) = (EcKey::generate(&group).unwrap(), Rsa::generate(2048).unwrap());
        [ec.public_key_to_der().unwrap(), rsa.public_key_to_der().unwrap()]
            .map(|der| PKey::public_key_from_der(&der).unwrap())
            .to_vec()
    }

    #[test]
    fn pem_and_der_give_the_numbers() {
        for key in keys() {
            for bytes in [key.public_key_to_der().unwrap(), key.public_key_to_pem().unwrap()] {
                match from(&bytes).ok().unwrap() {
                    PublicArea::Key(PublicKey::Rsa { bits, exponent, modulus, .. }) => {
                        assert_eq!(
                            (bits, exponent, modulus),
                            (2048, 65_537, key.rsa().unwrap().n().to_vec())
                        );
                    }
                    PublicArea::Key(PublicKey::Ecc { curve, x, y, .. }) => {
                        assert_eq!((curve, x.len(), y.len()), (Curve::P521, 66, 66));
                    }
                    _ => panic!("another kind of key"),
                }
            }
        }
    }

    #[test]
    fn public_areas_are_read_with_and_without_size() {
        for public in [Storage::P256.template(), Storage::Rsa2048.template()] {
            for bytes in [public.to_bytes().unwrap(), public.to_sized().unwrap()] {
                let Ok(PublicArea::Whole(read)) = from(&bytes) else { panic!("not read") };
                assert_eq!(read, public);
            }
        }
    }

    #[test]
    fn damaged_files_never_panic() {
        let mut wholes = vec![Storage::Rsa2048.template().to_sized().unwrap()];
        for key in keys() {
            wholes.extend([key.public_key_to_der().unwrap(), key.public_key_to_pem().unwrap()]);
        }
        for whole in wholes {
            for end in (0..whole.len().saturating_sub(2)).step_by(5) {
                assert!(from(&whole[..end]).is_err(), "{end}");
            }
        }
    }
}
