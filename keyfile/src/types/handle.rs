//! TPM_HANDLE (Part 2 §7): the types of handles, and their text form.

use super::ParseError;
use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};
use std::{fmt, str::FromStr};

/// A handle, with any value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(pub u32);

impl Handle {
    /// The owner hierarchy.
    pub const OWNER: Self = Self(0x4000_0001);
    /// The null hierarchy. It also means "no handle".
    pub const NULL: Self = Self(0x4000_0007);
    /// The password pseudo-session, `TPM_RS_PW`.
    pub const PW: Self = Self(0x4000_0009);
    /// The lockout authorization.
    pub const LOCKOUT: Self = Self(0x4000_000a);
    /// The endorsement hierarchy.
    pub const ENDORSEMENT: Self = Self(0x4000_000b);
    /// The platform hierarchy.
    pub const PLATFORM: Self = Self(0x4000_000c);

    /// Returns the first byte: the handle's type, `TPM_HT`.
    #[must_use]
    pub const fn kind(self) -> u8 {
        let [kind, ..] = self.0.to_be_bytes();
        kind
    }

    /// Returns true for a PCR.
    #[must_use]
    pub const fn is_pcr(self) -> bool {
        self.kind() == 0x00
    }

    /// Returns true for an NV index.
    #[must_use]
    pub const fn is_nv(self) -> bool {
        self.kind() == 0x01
    }

    /// Returns true for a hierarchy or another entity that every TPM has.
    #[must_use]
    pub const fn is_permanent(self) -> bool {
        self.kind() == 0x40
    }

    /// Returns true for a hierarchy in which primary keys can be created.
    #[must_use]
    pub const fn is_hierarchy(self) -> bool {
        self.hierarchy().is_some()
    }

    /// Returns the hierarchy whose authorization applies: for a firmware-limited hierarchy (TPM 2.0 version 1.83, Part 2 §7.4), the one
    /// without that limit.
    #[must_use]
    pub const fn hierarchy(self) -> Option<Self> {
        match self.0 {
            0x4000_0001 | 0x4000_0140 | 0x4001_0000..=0x4001_ffff => Some(Self::OWNER),
            0x4000_000b | 0x4000_0141 | 0x4002_0000..=0x4002_ffff => Some(Self::ENDORSEMENT),
            0x4000_000c | 0x4000_0142 | 0x4003_0000..=0x4003_ffff => Some(Self::PLATFORM),
            0x4000_0007 | 0x4000_0143 | 0x4004_0000..=0x4004_ffff => Some(Self::NULL),
            _ => None,
        }
    }

    /// Returns true for a hierarchy whose keys only some versions of the TPM's firmware can load (TPM_RH_FW_OWNER, TPM_RH_SVN_OWNER_BASE
    /// and the others).
    #[must_use]
    pub const fn is_firmware_limited(self) -> bool {
        self.is_hierarchy() && self.hierarchy_name().is_none()
    }

    /// Describes a hierarchy, for example `owner hierarchy, limited to the firmware that made the key`.
    #[must_use]
    pub fn hierarchy_words(self) -> Option<String> {
        let name = self.hierarchy()?.hierarchy_name()?;
        Some(match self.0 {
            _ if !self.is_firmware_limited() => format!("{name} hierarchy"),
            0x4000_0140..=0x4000_0143 => {
                format!("{name} hierarchy, limited to the firmware that made the key")
            }
            handle => format!(
                "{name} hierarchy, limited to firmware of security version {} or later",
                handle & 0xffff
            ),
        })
    }

    /// Returns true for a loaded object.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        self.kind() == 0x80
    }

    /// Returns true for a persistent object.
    #[must_use]
    pub const fn is_persistent(self) -> bool {
        self.kind() == 0x81
    }

    /// Returns the name of a hierarchy, as the TPM tools spell it.
    #[must_use]
    pub const fn hierarchy_name(self) -> Option<&'static str> {
        match self {
            Self::OWNER => Some("owner"),
            Self::NULL => Some("null"),
            Self::ENDORSEMENT => Some("endorsement"),
            Self::PLATFORM => Some("platform"),
            Self::LOCKOUT => Some("lockout"),
            _ => None,
        }
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}

impl FromStr for Handle {
    type Err = ParseError;

    /// Parses hexadecimal with or without `0x`, or the name of a hierarchy.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let lower = text.to_ascii_lowercase();
        let named = [Self::OWNER, Self::NULL, Self::ENDORSEMENT, Self::PLATFORM, Self::LOCKOUT];
        if let Some(handle) = named.into_iter().find(|h| h.hierarchy_name() == Some(lower.as_str())) {
            return Ok(handle);
        }
        let digits = lower.strip_prefix("0x").unwrap_or(&lower);
        // from_str_radix alone would accept a sign.
        let all_hex = digits.bytes().all(|c| c.is_ascii_hexdigit());
        u32::from_str_radix(digits, 16).ok().filter(|_| all_hex).map(Self).ok_or_else(|| {
            ParseError::new(
                "handle",
                text,
                "hexadecimal such as 81000001, or owner, null, endorsement, platform",
            )
        })
    }
}

impl Marshal for Handle {
    fn marshal(&self, w: &mut Writer) {
        w.u32(self.0);
    }
}

impl Unmarshal for Handle {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.u32().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firmware_limited_hierarchies_are_described() {
        for (handle, hierarchy, words) in [
            (0x4000_0001, Handle::OWNER, "owner hierarchy"),
            (0x4000_0140, Handle::OWNER, "owner hierarchy, limited to the firmware that made the key"),
            (0x4000_0143, Handle::NULL, "null hierarchy, limited to the firmware that made the key"),
            (
                0x4002_0005,
                Handle::ENDORSEMENT,
                "endorsement hierarchy, limited to firmware of security version 5 or later",
            ),
            (
                0x4003_ffff,
                Handle::PLATFORM,
                "platform hierarchy, limited to firmware of security version 65535 or later",
            ),
        ] {
            let handle = Handle(handle);
            assert_eq!(
                (handle.hierarchy(), handle.hierarchy_words().as_deref()),
                (Some(hierarchy), Some(words))
            );
            assert!(handle.is_hierarchy());
        }
        for other in [0x4000_000a, 0x4000_0144, 0x4005_0000, 0x8100_0001] {
            assert!(!Handle(other).is_hierarchy() && Handle(other).hierarchy_words().is_none());
        }
    }

    #[test]
    fn text_form_is_parsed_and_written() {
        for text in ["81000001", "0x81000001", "0X81000001"] {
            assert_eq!(text.parse(), Ok(Handle(0x8100_0001)), "{text}");
        }
        assert_eq!("Owner".parse(), Ok(Handle::OWNER));
        assert_eq!(Handle::NULL.to_string(), "0x40000007");
        assert_eq!(Handle(1).to_string(), "0x00000001");
        for text in ["", "0x", "+81000001", "181000001", "srk"] {
            assert!(text.parse::<Handle>().is_err(), "{text}");
        }
    }
}
