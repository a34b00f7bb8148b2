//! Describes a persistent key in a few words.

use std::fmt;

use keyfile::{Attributes, Handle, Public, PublicKey};
pub(crate) use tpm::template::SRK;
use tpm::template::{Storage, matches_template};

/// The handles of endorsement keys (the same, table 2).
const ENDORSEMENT: std::ops::RangeInclusive<u32> = 0x8101_0000..=0x8101_ffff;

/// A persistent key.
pub(crate) struct Persistent<'a> {
    pub(crate) handle: Handle,
    pub(crate) public: &'a Public,
}

impl Persistent<'_> {
    /// Returns the key's use in one word: the values of `use` in docs/json.md.
    pub(crate) fn purpose(&self) -> &'static str {
        let has = |attributes| self.public.attributes.contains(attributes);
        let restricted = has(Attributes::RESTRICTED);
        match &self.public.key {
            PublicKey::KeyedHash { .. } if !has(Attributes::SIGN) && !has(Attributes::DECRYPT) => {
                "sealed-data"
            }
            _ if restricted && has(Attributes::DECRYPT) && is_storage(self.public) => "storage",
            _ if restricted && has(Attributes::DECRYPT) && ENDORSEMENT.contains(&self.handle.0) => {
                "endorsement"
            }
            _ if restricted && has(Attributes::DECRYPT) => "parent",
            _ if restricted => "attestation",
            _ if has(Attributes::SIGN) && has(Attributes::DECRYPT) => "sign-and-decrypt",
            _ if has(Attributes::SIGN) => "sign",
            _ if has(Attributes::DECRYPT) => "decrypt",
            _ => "none",
        }
    }
}

/// Returns true if the key has the template of a standard storage key, so that files of its hierarchy load under it.
fn is_storage(public: &Public) -> bool {
    [Storage::P256, Storage::Rsa2048].iter().any(|storage| matches_template(public, &storage.template()))
}

impl fmt::Display for Persistent<'_> {
    /// `EC nistp256, signs and decrypts`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.public.key {
            PublicKey::Rsa { bits, .. } => write!(f, "RSA {bits}")?,
            PublicKey::Ecc { curve, .. } => write!(f, "EC {}", tpm::curve_name(*curve))?,
            PublicKey::KeyedHash { .. } => f.write_str("keyed hash")?,
            PublicKey::SymCipher { .. } => f.write_str("cipher key")?,
        }
        f.write_str(match self.purpose() {
            "sealed-data" => ", sealed data",
            "storage" => ", standard storage key: a parent of other keys",
            "endorsement" => ", endorsement key",
            "parent" => ", a parent of other keys",
            "attestation" => ", attestation key: signs statements of its TPM",
            "sign-and-decrypt" => ", signs and decrypts",
            "sign" => ", signs",
            "decrypt" => ", decrypts",
            _ => ", neither signs nor decrypts",
        })?;
        match self.public.attributes.contains(Attributes::USER_WITH_AUTH) {
            true => Ok(()),
            false => f.write_str("; can only be used with a policy"),
        }
    }
}
