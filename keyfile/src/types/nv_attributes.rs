//! TPMA_NV (Part 2 §13.4).

use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};

/// Who may read and write an NV index, what type it has, and its state. Bits of later specifications are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct NvAttributes(pub u32);

impl NvAttributes {
    /// The platform may read it.
    pub const PP_READ: Self = Self(1 << 16);
    /// The owner may read it.
    pub const OWNER_READ: Self = Self(1 << 17);
    /// Its own password lets read it.
    pub const AUTH_READ: Self = Self(1 << 18);
    /// Its policy lets read it.
    pub const POLICY_READ: Self = Self(1 << 19);
    /// No dictionary-attack protection.
    pub const NO_DA: Self = Self(1 << 25);
    /// It cannot be read until the next reset.
    pub const READ_LOCKED: Self = Self(1 << 28);
    /// It was written since it was defined.
    pub const WRITTEN: Self = Self(1 << 29);
    /// TPMA_NV_PLATFORMCREATE: the machine's maker has defined it, and only he can remove it.
    pub const PLATFORM_CREATE: Self = Self(1 << 30);

    /// Whether all of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it holds bytes as they were written (TPM_NT_ORDINARY), and is no counter, bit field, PCR or PIN.
    #[must_use]
    pub const fn is_ordinary(self) -> bool {
        self.0 & 0xf0 == 0
    }

    /// Whether each wrong password, or each use, of its own is counted by the index itself (TPM_NT_PIN_FAIL, TPM_NT_PIN_PASS: Part 2 §13.2),
    /// no_da or not. A type that is not known here may do the same.
    #[must_use]
    pub const fn counts_by_itself(self) -> bool {
        !matches!(self.0 >> 4 & 0xf, 0 | 1 | 2 | 4)
    }
}

impl Marshal for NvAttributes {
    fn marshal(&self, w: &mut Writer) {
        w.u32(self.0);
    }
}

impl Unmarshal for NvAttributes {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.u32().map(Self)
    }
}
