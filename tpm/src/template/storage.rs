//! The standard parents: the storage primary keys of the TCG.

use keyfile::{Attributes, Curve, KeyFile, Public};

use super::{MADE_IN_TPM, Template, Usage};

/// The attributes of a storage primary key of the TCG (EK credential profile §B.4, "H" templates).
const STORAGE: Attributes = MADE_IN_TPM
    .union(Attributes::USER_WITH_AUTH)
    .union(Attributes::NO_DA)
    .union(Attributes::RESTRICTED)
    .union(Attributes::DECRYPT);

/// Returns the template for a permanent parent handle: H-2 (P-256), or H-1 (RSA-2048) for files with rsaParent. All programs that
/// read such files derive the same key from it, so no bit of it may change.
#[must_use]
pub fn storage_primary(rsa: bool) -> Public {
    let key = if rsa { Template::rsa(2048) } else { Template::ecc(Curve::P256) };
    let public = key.usage(Usage::Parent).public();
    Public { attributes: STORAGE, ..public }
}

/// Which primary a hierarchy means as the parent of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// The P-256 primary of the TCG.
    #[default]
    P256,
    /// The RSA-2048 primary of the TCG.
    Rsa2048,
    /// The P-256 primary of key files from before the standard (`TSS2 KEY BLOB`), without fixedTPM and fixedParent:
    /// openssl_tpm2_engine derives another primary for those, as it did when they were made.
    Old,
}

impl Storage {
    /// Returns the primary that a key file means.
    #[must_use]
    pub fn of(file: &KeyFile) -> Self {
        match (file.old_layout, file.rsa_parent) {
            (true, _) if file.parent.is_hierarchy() => Self::Old,
            (_, true) => Self::Rsa2048,
            (_, false) => Self::P256,
        }
    }

    /// Returns the template that it is derived from.
    #[must_use]
    pub fn template(self) -> Public {
        let standard = storage_primary(self == Self::Rsa2048);
        match self {
            Self::Old => Public {
                attributes: standard.attributes.without(Attributes::FIXED_TPM | Attributes::FIXED_PARENT),
                ..standard
            },
            _ => standard,
        }
    }
}

#[cfg(test)]
mod tests {
    use keyfile::wire::Marshal;

    use super::*;

    #[test]
    fn storage_primaries_match_the_tcg_templates_byte_for_byte() {
        let bytes = |rsa| hex::encode(storage_primary(rsa).to_bytes().unwrap());
        assert_eq!(bytes(false), "0023000b00030472000000060080004300100003001000000000");
        assert_eq!(bytes(true), "0001000b00030472000000060080004300100800000000000000");
        let old = hex::encode(Storage::Old.template().to_bytes().unwrap());
        assert_eq!(old, "0023000b00030460000000060080004300100003001000000000");
    }
}
