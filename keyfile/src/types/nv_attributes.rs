//! TPMA_NV (Part 2 §13.4).

use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};

/// The attributes of an NV index: who may read and write it, its type, its state. Unknown bits of later specifications are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct NvAttributes(pub u32);

impl NvAttributes {
    /// The platform may read it.
    pub const PP_READ: Self = Self(1 << 16);
    /// The owner may read it.
    pub const OWNER_READ: Self = Self(1 << 17);
    /// Its own password authorizes reading.
    pub const AUTH_READ: Self = Self(1 << 18);
    /// Its policy authorizes reading.
    pub const POLICY_READ: Self = Self(1 << 19);
    /// The index has no dictionary-attack protection.
    pub const NO_DA: Self = Self(1 << 25);
    /// The index cannot be read until the next reset.
    pub const READ_LOCKED: Self = Self(1 << 28);
    /// The index has been written since it was defined.
    pub const WRITTEN: Self = Self(1 << 29);
    /// TPMA_NV_PLATFORMCREATE: the platform firmware defined the index, and only the platform can remove it.
    pub const PLATFORM_CREATE: Self = Self(1 << 30);

    /// Returns true if all of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the attributes that are set in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns true if the index holds plain bytes (TPM_NT_ORDINARY), and is not a counter, bit field, PCR or PIN.
    #[must_use]
    pub const fn is_ordinary(self) -> bool {
        self.0 & 0xf0 == 0
    }

    /// Returns true if the index itself counts failed or successful uses of its password (TPM_NT_PIN_FAIL, TPM_NT_PIN_PASS: Part 2 §13.2),
    /// regardless of no_da. A type that is unknown here may do the same.
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
