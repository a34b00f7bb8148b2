//! TPMS_ECC_POINT (Part 2 §11.2.5.2).

use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};

/// The coordinates of a point; a TPM may leave out leading zeros.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Point {
    /// The x coordinate, big-endian.
    pub x: Vec<u8>,
    /// The y coordinate, big-endian.
    pub y: Vec<u8>,
}

impl Marshal for Point {
    fn marshal(&self, w: &mut Writer) {
        w.sized(&self.x);
        w.sized(&self.y);
    }
}

impl Unmarshal for Point {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { x: r.sized()?.to_vec(), y: r.sized()?.to_vec() })
    }
}
