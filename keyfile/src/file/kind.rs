//! The three types of the format, by their OIDs in the TCG arc.

use asn1::{ObjectIdentifier, oid};

/// The type of a key file, by the commands that make the object usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A key: TPM2_Load.
    Loadable,
    /// A key to import: TPM2_Import, then TPM2_Load.
    Importable,
    /// Sealed data: TPM2_Load (after TPM2_Import if there is a secret), then TPM2_Unseal.
    Sealed,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Loadable, Self::Importable, Self::Sealed];

    /// Returns the type's OID.
    pub(super) const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Loadable => oid!(2, 23, 133, 10, 1, 3),
            Self::Importable => oid!(2, 23, 133, 10, 1, 4),
            Self::Sealed => oid!(2, 23, 133, 10, 1, 5),
        }
    }

    pub(super) fn from_oid(oid: &ObjectIdentifier) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.oid() == *oid)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Loadable => "loadable key",
            Self::Importable => "importable key",
            Self::Sealed => "sealed data",
        })
    }
}
