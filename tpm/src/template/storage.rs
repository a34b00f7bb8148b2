//! The standard parents: the storage primary keys of the TCG.

use keyfile::{Attributes, Curve, Public};

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

#[cfg(test)]
mod tests {
    use keyfile::wire::Marshal;

    use super::*;

    #[test]
    fn storage_primaries_match_the_tcg_templates_byte_for_byte() {
        let bytes = |rsa| hex::encode(storage_primary(rsa).to_bytes().unwrap());
        assert_eq!(bytes(false), "0023000b00030472000000060080004300100003001000000000");
        assert_eq!(bytes(true), "0001000b00030472000000060080004300100800000000000000");
    }
}
