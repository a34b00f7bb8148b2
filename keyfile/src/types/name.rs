//! The Name of an entity (Part 1 §16), by which authorizations and policies identify it.

use super::{AlgId, Handle, HashAlg};
use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};
use std::fmt;

/// A Name: the handle of a PCR, session or hierarchy; otherwise nameAlg ‖ H(public area). On the wire it is a TPM2B.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Name(Vec<u8>);

impl Name {
    /// Returns the Name of an object or index with these marshalled public bytes (TPMT_PUBLIC or TPMS_NV_PUBLIC).
    #[must_use]
    pub fn of(name_alg: HashAlg, public: &[u8]) -> Self {
        let mut bytes = name_alg.id().0.to_be_bytes().to_vec();
        bytes.extend(name_alg.digest(&[public]));
        Self(bytes)
    }

    /// Returns the bytes, without a size.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the handle, if this is the Name of an entity without a public area.
    #[must_use]
    pub fn as_handle(&self) -> Option<Handle> {
        <[u8; 4]>::try_from(self.0.as_slice()).ok().map(|bytes| Handle(u32::from_be_bytes(bytes)))
    }

    /// Returns the qualified Name of an object with this Name, whose parent has the qualified Name `parent`. The qualified Name of a
    /// hierarchy is its handle (Part 1 §26.5). Returns `None` for an entity without a public area.
    #[must_use]
    pub fn qualified(&self, parent: &Self) -> Option<Self> {
        let hash = HashAlg::from_id(AlgId(Reader::new(&self.0).u16().ok()?))?;
        (self.0.len() == hash.size().saturating_add(2))
            .then(|| Self::of(hash, &[parent.0.as_slice(), &self.0].concat()))
    }
}

impl From<Handle> for Name {
    /// Returns the Name of a PCR, session or hierarchy.
    fn from(handle: Handle) -> Self {
        Self(handle.0.to_be_bytes().to_vec())
    }
}

impl From<Vec<u8>> for Name {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for Name {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Marshal for Name {
    fn marshal(&self, w: &mut Writer) {
        w.sized(&self.0);
    }
}

impl Unmarshal for Name {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self(r.sized()?.to_vec()))
    }
}
