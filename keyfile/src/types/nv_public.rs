//! TPMS_NV_PUBLIC (Part 2 §13.5): the public area of an NV index, from which its Name is computed.

use super::{Handle, HashAlg, Name, NvAttributes};
use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};

/// The public area of an NV index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NvPublic {
    /// The index itself.
    pub index: Handle,
    /// The hash of the Name and the policy.
    pub name_alg: HashAlg,
    /// Who may use the index, and how.
    pub attributes: NvAttributes,
    /// The policy digest; empty without a policy.
    pub auth_policy: Vec<u8>,
    /// The size of its contents in bytes.
    pub size: u16,
}

impl NvPublic {
    /// Returns the Name: nameAlg ‖ H(public area) (Part 1 §16).
    ///
    /// # Errors
    /// [`WireError::TooLong`] if the policy digest is too long for the wire; never for an area that was read from the wire.
    pub fn name(&self) -> Result<Name, WireError> {
        Ok(Name::of(self.name_alg, &self.to_bytes()?))
    }
}

impl Marshal for NvPublic {
    fn marshal(&self, w: &mut Writer) {
        self.index.marshal(w);
        self.name_alg.marshal(w);
        self.attributes.marshal(w);
        w.sized(&self.auth_policy);
        w.u16(self.size);
    }
}

impl Unmarshal for NvPublic {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            index: Handle::unmarshal(r)?,
            name_alg: HashAlg::unmarshal(r)?,
            attributes: NvAttributes::unmarshal(r)?,
            auth_policy: r.sized()?.to_vec(),
            size: r.u16()?,
        })
    }
}
