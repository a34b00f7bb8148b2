//! The object identifiers of the curves (RFC 5480 §2.1.1.1, RFC 5639 §3, GM/T 0006).

use asn1::{ObjectIdentifier, oid};

use super::Curve;

/// The Barreto-Naehrig curves have none.
const TABLE: [(Curve, ObjectIdentifier); 9] = [
    (Curve::P192, oid!(1, 2, 840, 10045, 3, 1, 1)),
    (Curve::P224, oid!(1, 3, 132, 0, 33)),
    (Curve::P256, oid!(1, 2, 840, 10045, 3, 1, 7)),
    (Curve::P384, oid!(1, 3, 132, 0, 34)),
    (Curve::P521, oid!(1, 3, 132, 0, 35)),
    (Curve::Sm2P256, oid!(1, 2, 156, 10197, 1, 301)),
    (Curve::BpP256R1, oid!(1, 3, 36, 3, 3, 2, 8, 1, 1, 7)),
    (Curve::BpP384R1, oid!(1, 3, 36, 3, 3, 2, 8, 1, 1, 11)),
    (Curve::BpP512R1, oid!(1, 3, 36, 3, 3, 2, 8, 1, 1, 13)),
];

impl Curve {
    /// Returns the object identifier, if the curve has one.
    #[must_use]
    pub fn oid(self) -> Option<ObjectIdentifier> {
        TABLE.iter().find(|(curve, _)| *curve == self).map(|(_, oid)| oid.clone())
    }

    /// Returns the curve with this object identifier.
    #[must_use]
    pub fn from_oid(oid: &ObjectIdentifier) -> Option<Self> {
        TABLE.iter().find(|(_, known)| known == oid).map(|(curve, _)| *curve)
    }
}
