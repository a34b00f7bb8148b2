//! Reads big-endian TPM bytes. It never reads beyond the end and never allocates more memory than the input has.

use super::WireError;

/// A cursor over bytes from a TPM or a file.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Reads one byte.
    ///
    /// # Errors
    /// [`WireError::Truncated`] at the end.
    pub fn u8(&mut self) -> Result<u8, WireError> {
        self.array().map(u8::from_be_bytes)
    }

    /// Reads a UINT16.
    ///
    /// # Errors
    /// [`WireError::Truncated`] at the end.
    pub fn u16(&mut self) -> Result<u16, WireError> {
        self.array().map(u16::from_be_bytes)
    }

    /// Reads a UINT32.
    ///
    /// # Errors
    /// [`WireError::Truncated`] at the end.
    pub fn u32(&mut self) -> Result<u32, WireError> {
        self.array().map(u32::from_be_bytes)
    }

    /// Reads a UINT64.
    ///
    /// # Errors
    /// [`WireError::Truncated`] at the end.
    pub fn u64(&mut self) -> Result<u64, WireError> {
        self.array().map(u64::from_be_bytes)
    }

    /// Reads the next `n` bytes.
    ///
    /// # Errors
    /// [`WireError::Truncated`] if fewer are left.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) =
            self.rest.split_at_checked(n).ok_or(WireError::Truncated { wanted: n, left: self.rest.len() })?;
        self.rest = rest;
        Ok(taken)
    }

    /// Reads the contents of a sized buffer (TPM2B): a UINT16 size, then as many bytes.
    ///
    /// # Errors
    /// [`WireError::Truncated`] if fewer are left.
    pub fn sized(&mut self) -> Result<&'a [u8], WireError> {
        let size = self.u16()?;
        self.take(usize::from(size))
    }

    /// Reads everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// Returns true if nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Rejects trailing bytes.
    ///
    /// # Errors
    /// [`WireError::Trailing`] if bytes are left.
    pub const fn finish(self) -> Result<(), WireError> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(WireError::Trailing { left }),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (taken, rest) =
            self.rest.split_first_chunk().ok_or(WireError::Truncated { wanted: N, left: self.rest.len() })?;
        self.rest = rest;
        Ok(*taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_in_order_and_trailing_bytes_rejected() {
        let mut r = Reader::new(&[1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 2, 5, 6, 7]);
        assert_eq!(
            (r.u8(), r.u16(), r.u32(), r.u64(), r.sized()),
            (Ok(1), Ok(2), Ok(3), Ok(4), Ok(&[5, 6][..]))
        );
        assert_eq!(r.clone().finish(), Err(WireError::Trailing { left: 1 }));
        assert_eq!(r.u16(), Err(WireError::Truncated { wanted: 2, left: 1 }));
        assert_eq!(r.rest(), &[7]);
        assert_eq!(r.finish(), Ok(()));
    }

    #[test]
    fn a_size_beyond_the_end_is_truncated() {
        assert_eq!(Reader::new(&[255, 255, 1]).sized(), Err(WireError::Truncated { wanted: 65535, left: 1 }));
    }
}
