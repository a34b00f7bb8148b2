//! Random bytes of the operating system, for nonces, seeds and ephemeral keys.

use zeroize::Zeroizing;

use crate::CryptoError;

/// A source of random bytes; tests use fixed ones.
pub(super) trait Random {
    /// Fills the buffer.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), CryptoError>;

    /// Returns `size` fresh bytes.
    fn bytes(&mut self, size: usize) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let mut bytes = Zeroizing::new(vec![0; size]);
        self.fill(&mut bytes)?;
        Ok(bytes)
    }
}

/// getrandom(2).
pub(super) struct System;

impl Random for System {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), CryptoError> {
        getrandom::fill(buffer).map_err(CryptoError::Random)
    }
}

/// Returns `size` random bytes, for a nonce or a seed.
///
/// # Errors
/// The operating system gives none.
pub fn bytes(size: usize) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    System.bytes(size)
}

/// Fills a buffer with random bytes.
///
/// # Errors
/// The operating system gives none.
pub fn fill(buffer: &mut [u8]) -> Result<(), CryptoError> {
    System.fill(buffer)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn random_bytes_differ() {
        assert_eq!(bytes(32).unwrap().len(), 32);
        assert_ne!(bytes(32).unwrap(), bytes(32).unwrap());
    }
}
