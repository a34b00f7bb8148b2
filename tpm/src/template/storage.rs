//! The primary keys that a hierarchy means as the parent of a key: two of the TCG, and one for key files from before the standard.

use keyfile::{Attributes, Curve, Handle, KeyFile, Public};

use super::{Template, Usage};

/// The handle for the persistent copy of the owner's storage key (TCG TPM v2.0 Provisioning Guidance §7.8).
pub const SRK: Handle = Handle(0x8100_0001);

/// The attributes of a storage primary key of the TCG (EK credential profile §B.4, "H" templates).
const STORAGE: Attributes = Attributes::MADE_IN_TPM
    .union(Attributes::USER_WITH_AUTH)
    .union(Attributes::NO_DA)
    .union(Attributes::RESTRICTED)
    .union(Attributes::DECRYPT);

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
    /// Returns the primary of the TCG: RSA-2048 or P-256.
    #[must_use]
    pub const fn standard(rsa: bool) -> Self {
        if rsa { Self::Rsa2048 } else { Self::P256 }
    }

    /// Returns the primary that a key file means.
    #[must_use]
    pub fn of(file: &KeyFile) -> Self {
        match (file.old_layout, file.rsa_parent) {
            (true, _) if file.parent.is_hierarchy() => Self::Old,
            (_, true) => Self::Rsa2048,
            (_, false) => Self::P256,
        }
    }

    /// Marks a key file with this primary, the reverse of [`Storage::of`]. A file under a persistent parent means no primary, and stays
    /// as it is.
    pub fn mark(self, file: &mut KeyFile) {
        if file.parent.is_hierarchy() {
            file.rsa_parent = self == Self::Rsa2048;
            file.old_layout = self == Self::Old;
        }
    }

    /// Returns the template that it is derived from: H-2 (P-256) or H-1 (RSA-2048) of the TCG, or the old one. All programs that read
    /// files of a hierarchy derive the same key from it, so no bit of it may change.
    #[must_use]
    pub fn template(self) -> Public {
        let (key, attributes) = match self {
            Self::P256 => (Template::ecc(Curve::P256), STORAGE),
            Self::Rsa2048 => (Template::rsa(2048), STORAGE),
            Self::Old => (
                Template::ecc(Curve::P256),
                STORAGE.without(Attributes::FIXED_TPM | Attributes::FIXED_PARENT),
            ),
        };
        Public { attributes, ..key.usage(Usage::Parent).public() }
    }
}

#[cfg(test)]
mod tests {
    use keyfile::Kind;
    use keyfile::wire::Marshal;

    use super::*;

    #[test]
    fn storage_primaries_match_the_tcg_templates_byte_for_byte() {
        let bytes = |storage: Storage| hex::encode(storage.template().to_bytes().unwrap());
        assert_eq!(bytes(Storage::P256), "0023000b00030472000000060080004300100003001000000000");
        assert_eq!(bytes(Storage::Rsa2048), "0001000b00030472000000060080004300100800000000000000");
        assert_eq!(bytes(Storage::Old), "0023000b00030460000000060080004300100003001000000000");
    }

    #[test]
    fn a_marked_file_means_the_same_primary() {
        let file = |parent| KeyFile::new(Kind::Loadable, parent, Storage::P256.template(), Vec::new());
        let mut file_of_owner = file(Handle::OWNER);
        for storage in [Storage::Old, Storage::Rsa2048, Storage::P256, Storage::Old, Storage::P256] {
            storage.mark(&mut file_of_owner);
            assert_eq!(Storage::of(&file_of_owner), storage);
        }
        // Under a persistent parent, the old layout is only a layout.
        let mut persistent = file(Handle(0x8100_0001));
        persistent.old_layout = true;
        Storage::P256.mark(&mut persistent);
        assert!(persistent.old_layout && !persistent.rsa_parent);
    }
}
