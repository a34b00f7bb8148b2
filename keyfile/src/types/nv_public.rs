//! TPMS_NV_PUBLIC (Part 2 §13.5): the public area of an NV index, from which its Name is made.

use super::{Handle, HashAlg, Name, NvAttributes};
use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};

/// The public area of an NV index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NvPublic {
    /// The index itself.
    pub index: Handle,
    /// The hash of the Name and of the policy.
    pub name_alg: HashAlg,
    /// Who may do what with it.
    pub attributes: NvAttributes,
    /// The policy digest; empty when there is none.
    pub auth_policy: Vec<u8>,
    /// How many bytes it holds.
    pub size: u16,
}

impl NvPublic {
    /// The Name: nameAlg ‖ H(the public area) (Part 1 §16).
    ///
    /// # Errors
    /// [`WireError::TooLong`] when the policy digest is too long for the wire; never for an area that was read from it.
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
