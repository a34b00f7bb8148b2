//! BIOs of the application's libcrypto, which are read and written through the core.

use super::core::Core;
use super::raw::Raw;
use super::sys::OSSL_CORE_BIO;
use crate::error::{Error, Reason, Result};
use std::marker::PhantomData;
use zeroize::Zeroizing;

/// A BIO that a call received as an argument.
pub(crate) struct Bio<'a> {
    bio: *mut OSSL_CORE_BIO,
    lifetime: PhantomData<&'a OSSL_CORE_BIO>,
}

impl Raw for *mut OSSL_CORE_BIO {
    type Converted<'a> = Bio<'a>;
    unsafe fn convert<'a>(self) -> Result<Bio<'a>> {
        if self.is_null() {
            return Err(Error::new(Reason::InvalidArgument, "the BIO is NULL"));
        }
        Ok(Bio { bio: self, lifetime: PhantomData })
    }
}

impl Bio<'_> {
    /// Reads up to the end or `limit` bytes, and appends them. To read a password, reserve the room first: a
    /// reallocation would leave a copy.
    pub(crate) fn read(&mut self, core: &Core, limit: usize, bytes: &mut Vec<u8>) {
        let mut buffer = Zeroizing::new([0; 4096]);
        let mut left = limit;
        loop {
            // Reads no byte beyond the limit: what follows belongs to another reader.
            let wanted = buffer.len().min(left);
            let Some(room) = buffer.get_mut(..wanted).filter(|room| !room.is_empty()) else { return };
            // SAFETY: a BIO of the running call.
            let Some(count) = (unsafe { core.bio_read(self.bio, room) }) else { return };
            bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
            left = left.saturating_sub(count);
        }
    }

    /// Reads one line, or as much of it as fits into the buffer.
    pub(crate) fn line<'b>(&mut self, core: &Core, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
        // SAFETY: a BIO of the running call.
        let count = unsafe { core.bio_gets(self.bio, buffer) }?;
        buffer.get(..count)
    }

    /// Writes all bytes.
    ///
    /// # Errors
    /// `Internal`: the BIO accepts no more.
    pub(crate) fn write(&mut self, core: &Core, bytes: &[u8]) -> Result<()> {
        // SAFETY: a BIO of the running call.
        if unsafe { core.bio_write(self.bio, bytes) } {
            return Ok(());
        }
        Err(Error::new(Reason::Internal, "the output cannot be written"))
    }
}
