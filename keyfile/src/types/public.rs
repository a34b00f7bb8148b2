//! TPMT_PUBLIC (Part 2 §12.2.4): the public area, from which the Name is computed.

use super::{AlgId, Attributes, HashAlg, Name, PublicKey};
use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};

/// The public area of an object, or a template for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Public {
    /// The hash of the Name and the policy.
    pub name_alg: HashAlg,
    /// What the object may do.
    pub attributes: Attributes,
    /// The policy digest; empty without a policy.
    pub auth_policy: Vec<u8>,
    /// The type, the parameters and the public part.
    pub key: PublicKey,
}

impl Public {
    /// Returns the Name: nameAlg ‖ H(public area) (Part 1 §16).
    ///
    /// # Errors
    /// [`WireError::TooLong`] if a part is too long for the wire; never for an area that was read from the wire.
    pub fn name(&self) -> Result<Name, WireError> {
        Ok(Name::of(self.name_alg, &self.to_bytes()?))
    }
}

impl Marshal for Public {
    fn marshal(&self, w: &mut Writer) {
        self.key.kind().marshal(w);
        self.name_alg.marshal(w);
        self.attributes.marshal(w);
        w.sized(&self.auth_policy);
        self.key.marshal(w);
    }
}

impl Unmarshal for Public {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let kind = AlgId::unmarshal(r)?;
        Ok(Self {
            name_alg: HashAlg::unmarshal(r)?,
            attributes: Attributes::unmarshal(r)?,
            auth_policy: r.sized()?.to_vec(),
            key: PublicKey::unmarshal(kind, r)?,
        })
    }
}
