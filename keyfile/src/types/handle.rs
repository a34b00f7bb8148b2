//! TPM_HANDLE (Part 2 §7): its kinds by the first octet, and how people write it.

use super::ParseError;
use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};
use std::{fmt, str::FromStr};

/// A handle; any value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(pub u32);

impl Handle {
    /// The owner hierarchy.
    pub const OWNER: Self = Self(0x4000_0001);
    /// The null hierarchy; also "no handle".
    pub const NULL: Self = Self(0x4000_0007);
    /// The password pseudo-session, `TPM_RS_PW`.
    pub const PW: Self = Self(0x4000_0009);
    /// The lockout authorization.
    pub const LOCKOUT: Self = Self(0x4000_000a);
    /// The endorsement hierarchy.
    pub const ENDORSEMENT: Self = Self(0x4000_000b);
    /// The platform hierarchy.
    pub const PLATFORM: Self = Self(0x4000_000c);

    /// The first octet: the handle's type, `TPM_HT`.
    #[must_use]
    pub const fn kind(self) -> u8 {
        let [kind, ..] = self.0.to_be_bytes();
        kind
    }

    /// A PCR.
    #[must_use]
    pub const fn is_pcr(self) -> bool {
        self.kind() == 0x00
    }

    /// An NV index.
    #[must_use]
    pub const fn is_nv(self) -> bool {
        self.kind() == 0x01
    }

    /// A hierarchy or another entity that every TPM has.
    #[must_use]
    pub const fn is_permanent(self) -> bool {
        self.kind() == 0x40
    }

    /// A hierarchy that primary keys can be made in.
    #[must_use]
    pub const fn is_hierarchy(self) -> bool {
        matches!(self, Self::OWNER | Self::NULL | Self::ENDORSEMENT | Self::PLATFORM)
    }

    /// A loaded object.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        self.kind() == 0x80
    }

    /// A persistent object.
    #[must_use]
    pub const fn is_persistent(self) -> bool {
        self.kind() == 0x81
    }

    /// The name of a hierarchy as the tools spell it.
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

    /// Hexadecimal with or without `0x`, or the name of a hierarchy.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let lower = text.to_ascii_lowercase();
        let named = [Self::OWNER, Self::NULL, Self::ENDORSEMENT, Self::PLATFORM, Self::LOCKOUT];
        if let Some(handle) = named.into_iter().find(|h| h.hierarchy_name() == Some(lower.as_str())) {
            return Ok(handle);
        }
        let digits = lower.strip_prefix("0x").unwrap_or(&lower);
        // from_str_radix alone would take a sign.
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
    fn is_written_as_people_write_it() {
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
