//! A message that a private key decrypted.
use std::{cell::Cell, ops::Deref};

use subtle::{ConditionallySelectable as _, ConstantTimeEq as _, CtOption};
use zeroize::Zeroize as _;

use crate::{Error, ct};

/// A decrypted message: a slice of bytes that is wiped on drop.
///
/// Its buffer is as long as the block that contained it, and the whole buffer is wiped, so that the time does not depend on the length of
/// the message. (A shortened `Zeroizing<Vec<u8>>` wipes its bytes and then its capacity.)
pub struct Message {
    buffer: Box<[u8]>,
    length: usize,
}

impl Message {
    /// Copies these bytes.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self { buffer: bytes.into(), length: bytes.len() }
    }

    /// Returns the message if there is one. This is the only branch on a decoder's result, made where the result may become visible.
    ///
    /// # Errors
    /// [`Error::Padding`] if there is no message.
    pub fn reveal(decoded: CtOption<Self>) -> Result<Self, Error> {
        Option::from(decoded).ok_or(Error::Padding)
    }

    /// Returns the whole buffer.
    pub(crate) fn buffer(&mut self) -> &mut [u8] {
        &mut self.buffer
    }

    /// Returns the bytes from `start` on. `start` is secret and at most the length of the buffer.
    ///
    /// Moves every byte once for each bit of the buffer's length, regardless of `start`.
    pub(crate) fn starting_at(mut self, start: u32) -> Self {
        let length = ct::length(&self.buffer).wrapping_sub(start);
        let cells = Cell::from_mut(&mut *self.buffer).as_slice_of_cells();
        let (mut bit, mut distance) = (1_u32, 1_usize);
        while distance < cells.len() {
            let moves = (start & bit).ct_eq(&bit);
            for (to, from) in cells.iter().zip(cells.iter().skip(distance)) {
                to.set(u8::conditional_select(&to.get(), &from.get(), moves));
            }
            bit = bit.wrapping_mul(2);
            distance = distance.saturating_mul(2);
        }
        self.length = usize::try_from(length).unwrap_or_default();
        self
    }
}

impl Drop for Message {
    // Not inlined: a decoder that drops a message then takes the same time as a caller that does.
    #[inline(never)]
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}

impl Deref for Message {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }
}

impl AsRef<[u8]> for Message {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_after_start_equal_the_slice() {
        for size in [0_u8, 1, 2, 7, 8, 9, 64, 129] {
            let bytes: Vec<u8> = (0..size).collect();
            for start in 0..=size {
                let message = Message::new(&bytes).starting_at(start.into());
                assert_eq!(*message, bytes[usize::from(start)..], "{start} of {size}");
            }
        }
    }
}
