//! TPMA_OBJECT (Part 2 §8.3).

use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};
use std::fmt;

/// The attributes of an object: what it may do and how its use is authorized. Unknown bits of later specifications are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Attributes(u32);

macro_rules! attributes {
    ($($(#[$doc:meta])* $name:ident = $bit:literal, $word:literal;)*) => {
        impl Attributes {
            $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)*

            const WORDS: &'static [(Self, &'static str)] = &[$((Self::$name, $word)),*];
        }
    };
}

attributes! {
    /// The object never leaves this TPM.
    FIXED_TPM = 1, "fixedTPM";
    /// Saved contexts do not survive a TPM reset.
    ST_CLEAR = 2, "stClear";
    /// The object never gets another parent.
    FIXED_PARENT = 4, "fixedParent";
    /// The TPM generated the secret itself.
    SENSITIVE_DATA_ORIGIN = 5, "sensitiveDataOrigin";
    /// The password authorizes use. If clear, only a policy session does.
    USER_WITH_AUTH = 6, "userWithAuth";
    /// Only a policy session authorizes certification and password changes.
    ADMIN_WITH_POLICY = 7, "adminWithPolicy";
    /// The object has no dictionary-attack protection.
    NO_DA = 10, "noDA";
    /// Duplication needs an inner wrapper.
    ENCRYPTED_DUPLICATION = 11, "encryptedDuplication";
    /// The key handles only structures of known format.
    RESTRICTED = 16, "restricted";
    /// The private part may decrypt.
    DECRYPT = 17, "decrypt";
    /// The private part may sign (a symmetric key: encrypt).
    SIGN = 18, "sign";
    /// The private part signs only X.509 structures.
    X509_SIGN = 19, "x509sign";
}

impl Attributes {
    /// No attributes.
    pub const NONE: Self = Self(0);

    /// The attributes of a key that its TPM has made, and that never leaves it.
    pub const MADE_IN_TPM: Self =
        Self::FIXED_TPM.union(Self::FIXED_PARENT).union(Self::SENSITIVE_DATA_ORIGIN);

    /// The attributes of an attestation key: it signs only what its TPM makes, and never leaves it. It does not decrypt, either.
    pub const ATTESTATION: Self = Self::MADE_IN_TPM.union(Self::RESTRICTED).union(Self::SIGN);

    /// Returns the attributes with these wire bits.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Returns the wire bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns true if all of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns true if any of `other` is set.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Returns the attributes that are set in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns these attributes without those of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl std::ops::BitOr for Attributes {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

impl fmt::Display for Attributes {
    /// Writes the words of Part 2, such as `fixedTPM|fixedParent|sign`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words: Vec<String> = Self::WORDS
            .iter()
            .filter(|(attribute, _)| self.contains(*attribute))
            .map(|(_, word)| (*word).to_owned())
            .collect();
        let others = Self::WORDS.iter().fold(*self, |rest, (known, _)| rest.without(*known));
        if others != Self::NONE {
            words.push(format!("{:#010x}", others.0));
        }
        f.write_str(if words.is_empty() { "none".into() } else { words.join("|") }.as_str())
    }
}

impl Marshal for Attributes {
    fn marshal(&self, w: &mut Writer) {
        w.u32(self.0);
    }
}

impl Unmarshal for Attributes {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.u32().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_and_words_match_part_2() {
        let storage = Attributes::from_bits(0x0003_0472);
        assert_eq!(
            storage.to_string(),
            "fixedTPM|fixedParent|sensitiveDataOrigin|userWithAuth|noDA|restricted|decrypt"
        );
        assert_eq!(
            storage.without(Attributes::RESTRICTED) | Attributes::SIGN,
            Attributes::from_bits(0x0006_0472)
        );
        assert!(!storage.contains(Attributes::SIGN | Attributes::DECRYPT));
        assert!(storage.intersects(Attributes::SIGN | Attributes::DECRYPT));
        assert_eq!(Attributes::from_bits(0x8000_0002).to_string(), "fixedTPM|0x80000000");
        assert_eq!(Attributes::NONE.to_string(), "none");
    }
}
