//! TPM_EO (Part 2 §6.8): the comparisons of PolicyCounterTimer.

use crate::wire::WireError;
use std::fmt;

/// A comparison; operand A is the TPM's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// A = B
    Equal,
    /// A ≠ B
    NotEqual,
    /// A > B, signed
    SignedGreater,
    /// A > B
    Greater,
    /// A < B, signed
    SignedLess,
    /// A < B
    Less,
    /// A ≥ B, signed
    SignedAtLeast,
    /// A ≥ B
    AtLeast,
    /// A ≤ B, signed
    SignedAtMost,
    /// A ≤ B
    AtMost,
    /// all bits of B are set in A
    BitsSet,
    /// all bits of B are clear in A
    BitsClear,
}

impl Comparison {
    const TABLE: [(Self, u16, &'static str); 12] = [
        (Self::Equal, 0x0, "="),
        (Self::NotEqual, 0x1, "!="),
        (Self::SignedGreater, 0x2, "> (signed)"),
        (Self::Greater, 0x3, ">"),
        (Self::SignedLess, 0x4, "< (signed)"),
        (Self::Less, 0x5, "<"),
        (Self::SignedAtLeast, 0x6, ">= (signed)"),
        (Self::AtLeast, 0x7, ">="),
        (Self::SignedAtMost, 0x8, "<= (signed)"),
        (Self::AtMost, 0x9, "<="),
        (Self::BitsSet, 0xa, "all bits of"),
        (Self::BitsClear, 0xb, "no bit of"),
    ];

    /// Returns the TPM_EO value.
    #[must_use]
    pub fn id(self) -> u16 {
        Self::TABLE.into_iter().find(|(comparison, ..)| *comparison == self).map_or(0, |(_, id, _)| id)
    }

    /// Returns the comparison with this TPM_EO value.
    ///
    /// # Errors
    /// [`WireError::Unknown`] if there is none.
    pub(super) fn from_id(id: u16) -> Result<Self, WireError> {
        let unknown = WireError::Unknown { what: "comparison", value: u32::from(id) };
        Self::TABLE.into_iter().find(|row| row.1 == id).map(|row| row.0).ok_or(unknown)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = Self::TABLE.into_iter().find(|(comparison, ..)| comparison == self).map(|(.., sign)| sign);
        f.write_str(sign.unwrap_or_default())
    }
}
