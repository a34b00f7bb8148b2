//! Output with OpenSSL's size protocol: NULL asks for the size, a small buffer is an error, and bytes are
//! written only on success.

use std::marker::PhantomData;

use crate::error::{Error, Reason, Result};

/// The three arguments `out`, `outlen`, `outsize` of a slot.
pub(crate) struct Output<'a> {
    buffer: *mut u8,
    length: &'a mut usize,
    size: usize,
}

impl<'a> Output<'a> {
    /// # Safety
    /// `buffer` is NULL or valid for `size` bytes, `length` is NULL or valid, both for `'a`.
    pub(crate) unsafe fn new(buffer: *mut u8, length: *mut usize, size: usize) -> Result<Output<'a>> {
        // SAFETY: promised by the caller.
        let length = unsafe { length.as_mut() }
            .ok_or_else(|| Error::new(Reason::InvalidArgument, "the pointer to the output length is NULL"))?;
        Ok(Output { buffer, length, size })
    }

    /// Returns true if the caller only asks for the size.
    pub(crate) fn is_query(&self) -> bool {
        self.buffer.is_null()
    }

    /// The number of bytes in the caller's buffer; `None` if the caller only asks for the size.
    pub(crate) fn offered(&self) -> Option<usize> {
        (!self.is_query()).then_some(self.size)
    }

    /// Answers a size query, or checks that `size` bytes fit. This is the first step of every operation with
    /// output, before any work. After a size query it returns `None`, and the call is done. `size` is the
    /// largest possible size of the result.
    ///
    /// # Errors
    /// `BufferTooSmall`.
    pub(crate) fn room(self, size: usize) -> Result<Option<Room<'a>>> {
        if self.is_query() {
            *self.length = size;
            return Ok(None);
        }
        if self.size < size {
            let text = format!("{size} bytes are needed, the buffer has {}", self.size);
            return Err(Error::new(Reason::BufferTooSmall, text));
        }
        Ok(Some(Room { buffer: self.buffer, length: self.length, size: self.size, lifetime: PhantomData }))
    }
}

/// A buffer with room for the result.
pub(crate) struct Room<'a> {
    buffer: *mut u8,
    length: &'a mut usize,
    size: usize,
    lifetime: PhantomData<&'a mut [u8]>,
}

impl Room<'_> {
    /// Writes the result and its length.
    ///
    /// # Errors
    /// `BufferTooSmall`: the result is longer than announced.
    pub(crate) fn write(self, bytes: &[u8]) -> Result<()> {
        if bytes.len() > self.size {
            return Err(Error::new(Reason::BufferTooSmall, "the result is longer than announced"));
        }
        // SAFETY: the buffer is valid for `size` bytes and the caller's, so it does not overlap ours.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.buffer, bytes.len()) };
        *self.length = bytes.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Output;
    use crate::error::Reason;
    use std::ptr;

    #[test]
    fn null_asks_for_the_size() {
        let mut length = 0;
        // SAFETY: `length` lives.
        let output = unsafe { Output::new(ptr::null_mut(), &mut length, 0) }.unwrap();
        assert!(output.room(72).unwrap().is_none());
        assert_eq!(length, 72);
    }

    #[test]
    fn a_small_buffer_is_an_error_and_stays_untouched() {
        let (mut buffer, mut length) = ([7; 4], 4);
        // SAFETY: both live.
        let output = unsafe { Output::new(buffer.as_mut_ptr(), &mut length, 4) }.unwrap();
        assert_eq!(output.room(5).err().unwrap().reason(), Reason::BufferTooSmall);
        assert_eq!((buffer, length), ([7; 4], 4));
    }

    #[test]
    fn the_result_may_be_shorter_than_announced() {
        let (mut buffer, mut length) = ([7; 4], 0);
        // SAFETY: both live.
        let output = unsafe { Output::new(buffer.as_mut_ptr(), &mut length, 4) }.unwrap();
        output.room(4).unwrap().unwrap().write(&[1, 2]).unwrap();
        assert_eq!((buffer, length), ([1, 2, 7, 7], 2));
    }
}
