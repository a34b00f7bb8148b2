//! TPM_ECC_CURVE (Part 2 §6.4, values from the TCG Algorithm Registry), and all names that are in use for the curves.

mod oid;

use super::ParseError;
use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};
use std::{fmt, str::FromStr};

/// An elliptic curve of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Curve {
    /// NIST P-192
    P192,
    /// NIST P-224
    P224,
    /// NIST P-256
    P256,
    /// NIST P-384
    P384,
    /// NIST P-521
    P521,
    /// Barreto-Naehrig, 256 bits
    BnP256,
    /// Barreto-Naehrig, 638 bits
    BnP638,
    /// SM2
    Sm2P256,
    /// Brainpool P256r1
    BpP256R1,
    /// Brainpool P384r1
    BpP384R1,
    /// Brainpool P512r1
    BpP512R1,
}

struct Row {
    curve: Curve,
    id: u16,
    bits: u16,
    /// The registry's name without `TPM_ECC_`.
    tpm: &'static str,
    openssl: Option<&'static str>,
    /// Other names, in the form that [`normal`] returns.
    others: &'static [&'static str],
}

const fn row(
    (curve, id, bits): (Curve, u16, u16),
    tpm: &'static str,
    openssl: Option<&'static str>,
    others: &'static [&'static str],
) -> Row {
    Row { curve, id, bits, tpm, openssl, others }
}

#[rustfmt::skip]
static TABLE: [Row; 11] = [
    row((Curve::P192, 0x01, 192), "NIST_P192", Some("prime192v1"), &["p192", "192", "secp192r1"]),
    row((Curve::P224, 0x02, 224), "NIST_P224", Some("secp224r1"), &["p224", "224"]),
    row((Curve::P256, 0x03, 256), "NIST_P256", Some("prime256v1"), &["p256", "256", "secp256r1"]),
    row((Curve::P384, 0x04, 384), "NIST_P384", Some("secp384r1"), &["p384", "384"]),
    row((Curve::P521, 0x05, 521), "NIST_P521", Some("secp521r1"), &["p521", "521"]),
    row((Curve::BnP256, 0x10, 256), "BN_P256", None, &["bn256"]),
    row((Curve::BnP638, 0x11, 638), "BN_P638", None, &["bn638"]),
    row((Curve::Sm2P256, 0x20, 256), "SM2_P256", Some("SM2"), &["sm2p256v1"]),
    row((Curve::BpP256R1, 0x30, 256), "BP_P256_R1", Some("brainpoolP256r1"), &["bp256"]),
    row((Curve::BpP384R1, 0x31, 384), "BP_P384_R1", Some("brainpoolP384r1"), &["bp384"]),
    row((Curve::BpP512R1, 0x32, 512), "BP_P512_R1", Some("brainpoolP512r1"), &["bp512"]),
];

impl Curve {
    /// Returns all curves, in the order of the registry.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.curve)
    }

    /// Returns the TPM_ECC_CURVE value.
    #[must_use]
    pub fn id(self) -> u16 {
        self.row(|row| row.id)
    }

    /// Returns the curve with this TPM_ECC_CURVE value.
    #[must_use]
    pub fn from_id(id: u16) -> Option<Self> {
        TABLE.iter().find(|row| row.id == id).map(|row| row.curve)
    }

    /// Returns the size of the field in bits. For all these curves it is also the size of the order.
    #[must_use]
    pub fn bits(self) -> u16 {
        self.row(|row| row.bits)
    }

    /// Returns the size of a coordinate in bytes.
    #[must_use]
    pub fn field_bytes(self) -> usize {
        usize::from(self.bits().div_ceil(8))
    }

    /// Returns OpenSSL's short name of the curve, if OpenSSL knows the curve.
    #[must_use]
    pub fn openssl_name(self) -> Option<&'static str> {
        self.row(|row| row.openssl)
    }

    /// Returns the usual name: `P-256`, or the registry's name for less known curves.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::P192 => "P-192",
            Self::P224 => "P-224",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            _ => self.row(|row| row.tpm),
        }
    }

    /// Returns one column of the curve's row. A test checks that every variant has a row.
    fn row<T: Default>(self, column: impl FnOnce(&Row) -> T) -> T {
        TABLE.iter().find(|row| row.curve == self).map(column).unwrap_or_default()
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Curve {
    type Err = ParseError;

    /// Parses the names of OpenSSL (`prime256v1`), NIST (`P-256`), SSH (`nistp256`) and the TPM tools (`ecc256`, `ecc_nist_p256`,
    /// `TPM2_ECC_NIST_P256`, `bnp256`), in upper or lower case.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wanted = normal(text);
        TABLE
            .iter()
            .find(|row| {
                normal(row.tpm) == wanted
                    || row.openssl.is_some_and(|name| normal(name) == wanted)
                    || row.others.contains(&wanted.as_str())
            })
            .map(|row| row.curve)
            .ok_or_else(|| ParseError::new("curve", text, "a name such as prime256v1, P-256 or bnp256"))
    }
}

impl Marshal for Curve {
    fn marshal(&self, w: &mut Writer) {
        w.u16(self.id());
    }
}

impl Unmarshal for Curve {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let id = r.u16()?;
        Self::from_id(id).ok_or(WireError::Unknown { what: "curve", value: u32::from(id) })
    }
}

/// Returns only letters and digits, in lower case, without prefixes such as `tpm2` and `ecc` that do not identify the curve.
fn normal(text: &str) -> String {
    let plain: String =
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let mut name = plain.as_str();
    for prefix in ["tpm2", "tpm", "ecc", "nist"] {
        name = name.strip_prefix(prefix).unwrap_or(name);
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_tools_are_parsed() {
        for (text, curve) in [
            ("prime256v1", Curve::P256),
            ("secp256r1", Curve::P256),
            ("P-256", Curve::P256),
            ("p256", Curve::P256),
            ("nistp256", Curve::P256),
            ("NIST P-256", Curve::P256),
            ("ecc256", Curve::P256),
            ("ecc_nist_p256", Curve::P256),
            ("TPM_ECC_NIST_P256", Curve::P256),
            ("TPM2_ECC_NIST_P384", Curve::P384),
            ("secp224r1", Curve::P224),
            ("prime192v1", Curve::P192),
            ("nistp521", Curve::P521),
            ("bnp256", Curve::BnP256),
            ("ecc_bn_p638", Curve::BnP638),
            ("SM2", Curve::Sm2P256),
            ("sm2_p256", Curve::Sm2P256),
            ("brainpoolP512r1", Curve::BpP512R1),
        ] {
            assert_eq!(text.parse(), Ok(curve), "{text}");
        }
        assert!("secp256k1".parse::<Curve>().is_err());
        assert!("".parse::<Curve>().is_err());
    }

    #[test]
    fn the_table_is_complete_and_its_names_parse() {
        for curve in Curve::all() {
            assert_eq!(Curve::from_id(curve.id()), Some(curve));
            assert_eq!(curve.name().parse(), Ok(curve));
            assert!(curve.field_bytes() >= 24);
            assert!(curve.oid().is_none_or(|oid| Curve::from_oid(&oid) == Some(curve)));
        }
        assert_eq!(Curve::P521.field_bytes(), 66);
        assert_eq!(Curve::from_id(0), None);
        assert_eq!(Curve::P256.oid().map(|oid| oid.to_string()).as_deref(), Some("1.2.840.10045.3.1.7"));
        assert_eq!(Curve::all().filter(|curve| curve.oid().is_none()).count(), 2);
    }
}
