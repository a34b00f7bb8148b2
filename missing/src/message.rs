//! What a private key decrypted.
use std::{cell::Cell, ops::Deref};

use subtle::{ConditionallySelectable as _, ConstantTimeEq as _, CtOption};
use zeroize::Zeroize as _;

use crate::{Error, ct};

/// A decrypted message: a slice of bytes, wiped when it is dropped.
///
/// It lies in a buffer as long as the block it came in, and all of that is wiped, so that the time does not depend on
/// the message's length. (A shortened `Zeroizing<Vec<u8>>` wipes its bytes and then its capacity.)
pub struct Message {
    buffer: Box<[u8]>,
    length: usize,
}

impl Message {
    /// A copy of these bytes.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self { buffer: bytes.into(), length: bytes.len() }
    }

    /// The message if there is one: the only branch on what a decoder found, made where the outcome may show.
    ///
    /// # Errors
    /// [`Error::Padding`] if there is none.
    pub fn reveal(decoded: CtOption<Self>) -> Result<Self, Error> {
        Option::from(decoded).ok_or(Error::Padding)
    }

    /// All bytes.
    pub(crate) fn buffer(&mut self) -> &mut [u8] {
        &mut self.buffer
    }

    /// The bytes from `start` on, a secret number of at most the buffer's length.
    ///
    /// Moves every byte once for each bit of the buffer's length, whatever `start` is.
    pub(crate) fn behind(mut self, start: u32) -> Self {
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
    // One copy of this code, so that a decoder that drops a message takes the time of a caller that does.
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
    fn it_is_what_a_slice_gives() {
        for size in [0_u8, 1, 2, 7, 8, 9, 64, 129] {
            let bytes: Vec<u8> = (0..size).collect();
            for start in 0..=size {
                let message = Message::new(&bytes).behind(start.into());
                assert_eq!(*message, bytes[usize::from(start)..], "{start} of {size}");
            }
        }
    }
}
