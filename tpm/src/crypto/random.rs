//! Random octets of the operating system, for nonces, seeds and ephemeral keys.

use zeroize::Zeroizing;

use super::CryptoError;

/// A source of random octets; tests give known ones.
pub(super) trait Random {
    /// Fills the buffer.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), CryptoError>;

    /// That many fresh octets.
    fn octets(&mut self, size: usize) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let mut octets = Zeroizing::new(vec![0; size]);
        self.fill(&mut octets)?;
        Ok(octets)
    }
}

/// getrandom(2).
pub(super) struct System;

impl Random for System {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), CryptoError> {
        getrandom::fill(buffer).map_err(CryptoError::Random)
    }
}

/// That many random octets, for a nonce or a seed.
///
/// # Errors
/// The operating system gives none.
pub fn octets(size: usize) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    System.octets(size)
}

/// Replaces the contents of a buffer by random octets.
///
/// # Errors
/// The operating system gives none.
pub fn fill(buffer: &mut [u8]) -> Result<(), CryptoError> {
    System.fill(buffer)
}

#[cfg(test)]
mod tests {
    use super::octets;

    #[test]
    fn no_two_nonces_are_the_same() {
        assert_eq!(octets(32).unwrap().len(), 32);
        assert_ne!(octets(32).unwrap(), octets(32).unwrap());
    }
}
