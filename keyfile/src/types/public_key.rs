//! TPMU_PUBLIC_PARMS and TPMU_PUBLIC_ID (Part 2 §12.2.3): the part of a public area that depends on its type.

use super::{AlgId, Curve, Kdf, KeyedHashScheme, Point, Scheme, Symmetric};
use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};

/// The parameters and the public part of an object. In a template the public part is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// An RSA key.
    Rsa {
        /// The cipher for children; [`Symmetric::Null`] unless the key is a parent.
        symmetric: Symmetric,
        /// The only scheme that the key accepts, or [`Scheme::Null`].
        scheme: Scheme,
        /// Bits of the modulus.
        bits: u16,
        /// The public exponent; 0 means 65,537.
        exponent: u32,
        /// The modulus, big-endian.
        modulus: Vec<u8>,
    },
    /// An elliptic-curve key.
    Ecc {
        /// The cipher for children; [`Symmetric::Null`] unless the key is a parent.
        symmetric: Symmetric,
        /// The only scheme that the key accepts, or [`Scheme::Null`].
        scheme: Scheme,
        /// The curve.
        curve: Curve,
        /// The only key derivation function that the key accepts; no current TPM uses it.
        kdf: Kdf,
        /// The x coordinate, big-endian; leading zeros may be missing.
        x: Vec<u8>,
        /// The y coordinate, big-endian; leading zeros may be missing.
        y: Vec<u8>,
    },
    /// Sealed data or an HMAC key.
    KeyedHash {
        /// [`KeyedHashScheme::Null`] for sealed data.
        scheme: KeyedHashScheme,
        /// H(seedValue ‖ sensitive).
        unique: Vec<u8>,
    },
    /// A symmetric cipher key.
    SymCipher {
        /// Cipher, size and mode.
        symmetric: Symmetric,
        /// H(seedValue ‖ sensitive).
        unique: Vec<u8>,
    },
}

impl PublicKey {
    /// The public exponent of a key whose `exponent` is 0.
    pub const DEFAULT_EXPONENT: u32 = 65_537;

    /// Returns the object's type, TPMI_ALG_PUBLIC.
    #[must_use]
    pub const fn kind(&self) -> AlgId {
        match self {
            Self::Rsa { .. } => AlgId::RSA,
            Self::Ecc { .. } => AlgId::ECC,
            Self::KeyedHash { .. } => AlgId::KEYEDHASH,
            Self::SymCipher { .. } => AlgId::SYMCIPHER,
        }
    }

    /// Returns the scheme of an asymmetric key.
    #[must_use]
    pub const fn scheme(&self) -> Option<Scheme> {
        match self {
            Self::Rsa { scheme, .. } | Self::Ecc { scheme, .. } => Some(*scheme),
            Self::KeyedHash { .. } | Self::SymCipher { .. } => None,
        }
    }

    /// Returns the cipher for children, or the cipher of the key itself.
    #[must_use]
    pub const fn symmetric(&self) -> Option<Symmetric> {
        match self {
            Self::Rsa { symmetric, .. } | Self::Ecc { symmetric, .. } | Self::SymCipher { symmetric, .. } => {
                Some(*symmetric)
            }
            Self::KeyedHash { .. } => None,
        }
    }

    /// Returns true if two keys have the same public numbers, even if their attributes and schemes differ.
    #[must_use]
    pub fn has_numbers_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rsa { modulus, exponent, .. }, Self::Rsa { modulus: n, exponent: e, .. }) => {
                let value = |e: u32| if e == 0 { Self::DEFAULT_EXPONENT } else { e };
                number(modulus) == number(n) && value(*exponent) == value(*e)
            }
            (Self::Ecc { curve, x, y, .. }, Self::Ecc { curve: c, x: other_x, y: other_y, .. }) => {
                curve == c && number(x) == number(other_x) && number(y) == number(other_y)
            }
            _ => false,
        }
    }

    /// Reads the part of a TPMT_PUBLIC after the type, nameAlg, attributes and policy.
    pub(super) fn unmarshal(kind: AlgId, r: &mut Reader<'_>) -> Result<Self, WireError> {
        match kind {
            AlgId::RSA => Ok(Self::Rsa {
                symmetric: Symmetric::unmarshal(r)?,
                scheme: Scheme::unmarshal_rsa(r)?,
                bits: r.u16()?,
                exponent: r.u32()?,
                modulus: r.sized()?.to_vec(),
            }),
            AlgId::ECC => {
                let symmetric = Symmetric::unmarshal(r)?;
                let scheme = Scheme::unmarshal_ecc(r)?;
                let curve = Curve::unmarshal(r)?;
                let kdf = Kdf::unmarshal(r)?;
                let Point { x, y } = Point::unmarshal(r)?;
                Ok(Self::Ecc { symmetric, scheme, curve, kdf, x, y })
            }
            AlgId::KEYEDHASH => {
                Ok(Self::KeyedHash { scheme: KeyedHashScheme::unmarshal(r)?, unique: r.sized()?.to_vec() })
            }
            AlgId::SYMCIPHER => {
                Ok(Self::SymCipher { symmetric: Symmetric::unmarshal(r)?, unique: r.sized()?.to_vec() })
            }
            _ => Err(WireError::Unknown { what: "type of object", value: u32::from(kind.0) }),
        }
    }
}

/// Returns the number without leading zeros, which some TPMs leave out.
fn number(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

impl Marshal for PublicKey {
    fn marshal(&self, w: &mut Writer) {
        match self {
            Self::Rsa { symmetric, scheme, bits, exponent, modulus } => {
                symmetric.marshal(w);
                scheme.marshal(w);
                w.u16(*bits);
                w.u32(*exponent);
                w.sized(modulus);
            }
            Self::Ecc { symmetric, scheme, curve, kdf, x, y } => {
                symmetric.marshal(w);
                scheme.marshal(w);
                curve.marshal(w);
                kdf.marshal(w);
                w.sized(x);
                w.sized(y);
            }
            Self::KeyedHash { scheme, unique } => {
                scheme.marshal(w);
                w.sized(unique);
            }
            Self::SymCipher { symmetric, unique } => {
                symmetric.marshal(w);
                w.sized(unique);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rsa(exponent: u32, modulus: &[u8]) -> PublicKey {
        let (symmetric, scheme) = (Symmetric::Null, Scheme::Null);
        PublicKey::Rsa { symmetric, scheme, bits: 2048, exponent, modulus: modulus.to_vec() }
    }

    fn ecc(curve: Curve, x: &[u8]) -> PublicKey {
        let (symmetric, scheme, kdf) = (Symmetric::AES_128_CFB, Scheme::Null, Kdf::Null);
        PublicKey::Ecc { symmetric, scheme, curve, kdf, x: x.to_vec(), y: vec![0, 9] }
    }

    #[test]
    fn numbers_are_compared_without_leading_zeros() {
        assert!(rsa(0, &[7, 0]).has_numbers_of(&rsa(65_537, &[0, 7, 0])));
        assert!(!rsa(0, &[7]).has_numbers_of(&rsa(3, &[7])));
        assert!(!rsa(0, &[7, 0]).has_numbers_of(&rsa(0, &[7])));
        assert!(ecc(Curve::P256, &[0, 1]).has_numbers_of(&ecc(Curve::P256, &[1])));
        assert!(!ecc(Curve::P256, &[1]).has_numbers_of(&ecc(Curve::P384, &[1])));
        assert!(!ecc(Curve::P256, &[1]).has_numbers_of(&ecc(Curve::P256, &[2])));
        assert!(!ecc(Curve::P256, &[1]).has_numbers_of(&rsa(0, &[1])));
    }
}
