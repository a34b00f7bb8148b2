//! A password, and the authValue that the TPM knows instead of it.

use std::sync::Arc;

use keyfile::HashAlg;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::ffi::Locked;

/// A password, which is never shown. Clones share one copy in this process. It is not swapped out, not written to core dumps, and
/// wiped when the last clone is dropped.
#[derive(Clone)]
pub struct Auth {
    bytes: Arc<Locked>,
}

impl Auth {
    /// Takes the password as the user gave it.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = Zeroizing::new(bytes.into());
        Self { bytes: Arc::new(Locked::new(&bytes)) }
    }

    /// Returns true if the password has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns true if the TPM takes both for the same password. Takes the same time for any other password of the same length.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        cut(&self.bytes).ct_eq(cut(&other.bytes)).into()
    }

    /// Returns the authValue for an object with this nameAlg, computed as other tools do: trailing zeros are removed; a value longer
    /// than the digest is hashed, and trailing zeros are removed again (TPM 2.0 Part 1 §17.6.4.2 for the zeros).
    #[must_use]
    pub fn as_value(&self, name_alg: HashAlg) -> Zeroizing<Vec<u8>> {
        let value = cut(&self.bytes);
        if value.len() <= name_alg.size() {
            return Zeroizing::new(value.to_vec());
        }
        let hashed = Zeroizing::new(name_alg.digest(&[value]));
        Zeroizing::new(cut(&hashed).to_vec())
    }

    /// Returns the authValue for a hierarchy: the password without trailing zeros.
    #[must_use]
    pub fn as_hierarchy_value(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(cut(&self.bytes).to_vec())
    }
}

/// Removes trailing zeros. Every byte is inspected, so the time does not depend on the value.
fn cut(value: &[u8]) -> &[u8] {
    let mut end = 0_u32;
    for (at, byte) in (1_u32..).zip(value) {
        let zero: Choice = byte.ct_eq(&0);
        end = u32::conditional_select(&at, &end, zero);
    }
    usize::try_from(end).ok().and_then(|end| value.get(..end)).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_one_copy_of_the_password() {
        let auth = Auth::new("x");
        assert!(std::ptr::eq(&*auth.bytes, &*auth.clone().bytes));
    }

    #[test]
    fn long_passwords_are_hashed_and_trailing_zeros_removed() {
        let value = |bytes: &[u8], hash| Auth::new(bytes).as_value(hash).to_vec();
        assert_eq!(value(b"secret", HashAlg::Sha256), b"secret");
        assert_eq!(value(b"a\0b\0\0", HashAlg::Sha256), b"a\0b");
        assert_eq!(value(&[7; 32], HashAlg::Sha256), [7; 32]);
        assert_eq!(value(&[7; 32], HashAlg::Sha1), HashAlg::Sha1.digest(&[&[7; 32]]));
        let mut padded = vec![7; 40];
        padded.resize(48, 0);
        assert_eq!(value(&padded, HashAlg::Sha256), HashAlg::Sha256.digest(&[&[7; 40]]));
        assert_eq!(cut(&[1, 2, 0]), [1, 2]);
        assert_eq!(value(&[], HashAlg::Sha256), []);
        assert!(Auth::new("a").is_same(&Auth::new("a\0")) && !Auth::new("a").is_same(&Auth::new("b")));
    }
}
