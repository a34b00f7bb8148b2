//! TPML_DIGEST (Part 2 §10.9.2): PCR values, the branches of a PolicyOR.

use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};

/// A list of digests, each with its own size.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DigestList(pub Vec<Vec<u8>>);

impl Marshal for DigestList {
    fn marshal(&self, w: &mut Writer) {
        w.count(self.0.len());
        self.0.iter().for_each(|digest| w.sized(digest));
    }
}

impl Unmarshal for DigestList {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        // The count only limits the loop: memory grows only with the bytes that are present.
        (0..r.u32()?).map(|_| Ok(r.sized()?.to_vec())).collect::<Result<_, _>>().map(Self)
    }
}
