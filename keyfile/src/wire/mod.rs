//! Reads and writes big-endian TPM bytes: TPM 2.0 Library Part 1, "Marshaling", and Part 2 §10.4 for sized buffers.

mod error;
mod reader;
mod writer;

pub use error::WireError;
pub use reader::Reader;
pub use writer::Writer;

/// A type that has a wire form.
pub trait Marshal {
    /// Appends the canonical form.
    fn marshal(&self, w: &mut Writer);

    /// Returns the canonical form alone.
    ///
    /// # Errors
    /// [`WireError::TooLong`] if a sized part has more than 65,535 bytes.
    fn to_bytes(&self) -> Result<Vec<u8>, WireError> {
        let mut w = Writer::new();
        self.marshal(&mut w);
        w.finish()
    }

    /// Returns the canonical form after its UINT16 size: the TPM2B of this structure.
    ///
    /// # Errors
    /// [`WireError::TooLong`] if the structure or a part of it has more than 65,535 bytes.
    fn to_sized(&self) -> Result<Vec<u8>, WireError> {
        let mut w = Writer::new();
        w.sized_with(|w| self.marshal(w));
        w.finish()
    }
}

/// A type that can be read from its wire form.
pub trait Unmarshal: Sized {
    /// Reads the structure and leaves the bytes after it.
    ///
    /// # Errors
    /// [`WireError`] if the bytes end early or are not this structure.
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError>;

    /// Reads the structure from bytes that hold nothing else.
    ///
    /// # Errors
    /// As [`Unmarshal::unmarshal`], and [`WireError::Trailing`] if bytes are left over.
    fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        let mut r = Reader::new(bytes);
        let value = Self::unmarshal(&mut r)?;
        r.finish()?;
        Ok(value)
    }

    /// Reads the TPM2B of this structure from bytes that hold nothing else.
    ///
    /// # Errors
    /// As [`Unmarshal::from_bytes`].
    fn from_sized(bytes: &[u8]) -> Result<Self, WireError> {
        let mut r = Reader::new(bytes);
        let inner = r.sized()?;
        r.finish()?;
        Self::from_bytes(inner)
    }
}
