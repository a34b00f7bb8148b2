//! Writes big-endian TPM bytes. The buffer may contain secrets: when it grows, the old copy is wiped.

use super::WireError;
use zeroize::Zeroizing;

/// Collects bytes. Its only error, a part that is too long for its size field, is reported by [`Writer::finish`].
#[derive(Default)]
pub struct Writer {
    buffer: Zeroizing<Vec<u8>>,
    too_long: Option<usize>,
}

impl Writer {
    /// Returns an empty writer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends one byte.
    pub fn u8(&mut self, value: u8) {
        self.bytes(&[value]);
    }

    /// Appends a UINT16.
    pub fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    /// Appends a UINT32.
    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    /// Appends a UINT64.
    pub fn u64(&mut self, value: u64) {
        self.bytes(&value.to_be_bytes());
    }

    /// Appends the bytes without a size.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.buffer.extend_from_slice(bytes);
    }

    /// Appends a sized buffer (TPM2B): the UINT16 size, then the bytes.
    pub fn sized(&mut self, bytes: &[u8]) {
        self.sized_with(|w| w.bytes(bytes));
    }

    /// Appends the bytes after a one-byte size, as PCR bit maps have it.
    pub fn sized8(&mut self, bytes: &[u8]) {
        match u8::try_from(bytes.len()) {
            Ok(size) => {
                self.u8(size);
                self.bytes(bytes);
            }
            Err(_) => self.too_long = self.too_long.or(Some(bytes.len())),
        }
    }

    /// Appends a sized structure: the UINT16 size of what `inner` writes, then what it writes.
    pub fn sized_with(&mut self, inner: impl FnOnce(&mut Self)) {
        let at = self.buffer.len();
        self.u16(0);
        let start = self.buffer.len();
        inner(self);
        let size = self.buffer.len().saturating_sub(start);
        match (u16::try_from(size), self.buffer.get_mut(at..start)) {
            (Ok(size), Some(field)) => field.copy_from_slice(&size.to_be_bytes()),
            _ => self.too_long = self.too_long.or(Some(size)),
        }
    }

    /// Appends the UINT32 count of a list (TPML).
    pub fn count(&mut self, count: usize) {
        match u32::try_from(count) {
            Ok(count) => self.u32(count),
            Err(_) => self.too_long = self.too_long.or(Some(count)),
        }
    }

    /// Returns how many bytes have been written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Returns true if nothing has been written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Returns the bytes.
    ///
    /// # Errors
    /// [`WireError::TooLong`] if a sized part has more bytes than its size field allows.
    pub fn finish(mut self) -> Result<Vec<u8>, WireError> {
        match self.too_long {
            None => Ok(std::mem::take(&mut *self.buffer)),
            Some(size) => Err(WireError::TooLong { size }),
        }
    }

    /// Moves the bytes to a larger buffer, so that the old one is wiped and not only freed.
    fn reserve(&mut self, more: usize) {
        let wanted = self.buffer.len().saturating_add(more);
        if wanted > self.buffer.capacity() {
            let mut grown = Zeroizing::new(Vec::with_capacity(wanted.max(256).saturating_mul(2)));
            grown.extend_from_slice(&self.buffer);
            self.buffer = grown;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_filled_in_after_the_fact() {
        let mut w = Writer::new();
        w.u8(1);
        w.sized_with(|w| {
            w.u16(2);
            w.sized(&[3]);
        });
        assert_eq!(w.finish(), Ok(vec![1, 0, 5, 0, 2, 0, 1, 3]));
    }

    #[test]
    fn too_long_part_is_reported_by_finish() {
        let mut w = Writer::new();
        w.sized(&vec![7; 65535]);
        let full = w.finish().unwrap();
        assert_eq!((full.len(), &full[..3]), (65537, &[255, 255, 7][..]));

        let mut w = Writer::new();
        w.sized(&vec![7; 65536]);
        w.u8(0);
        assert_eq!(w.finish(), Err(WireError::TooLong { size: 65536 }));
    }
}
