//! A message in progress for a signature in the TPM: its digest so far, and for a restricted key the message
//! itself.

use crate::error::Result;
use crate::ffi::crypto::{Digest, Hasher};

/// The message.
pub(super) struct Message {
    hasher: Hasher,
    /// The message so far, for a key that signs only messages that the TPM hashed itself (TPM 2.0 Part 3
    /// §20.2).
    bytes: Option<Vec<u8>>,
}

/// A whole message.
pub(super) struct Whole {
    /// The digest.
    pub(super) digest: Vec<u8>,
    /// The message, if it was kept.
    pub(super) bytes: Option<Vec<u8>>,
}

impl Message {
    /// Creates an empty message.
    pub(super) fn new(digest: &Digest, keep: bool) -> Result<Self> {
        Ok(Self { hasher: Hasher::new(digest)?, bytes: keep.then(Vec::new) })
    }

    /// The digest algorithm.
    pub(super) const fn digest(&self) -> &Digest {
        self.hasher.digest()
    }

    /// Adds a part.
    pub(super) fn update(&mut self, part: &[u8]) -> Result<()> {
        self.hasher.update(part)?;
        if let Some(bytes) = &mut self.bytes {
            bytes.extend_from_slice(part);
        }
        Ok(())
    }

    /// Finishes the message and begins the next. EVP_DigestSignFinal(3ossl) finishes a copy, and continues
    /// with the message.
    pub(super) fn finish(&mut self) -> Result<Whole> {
        let digest = self.hasher.finish()?;
        self.hasher.restart()?;
        Ok(Whole { digest, bytes: self.bytes.as_mut().map(std::mem::take) })
    }

    /// Copies the message in its current state.
    pub(super) fn try_clone(&self) -> Result<Self> {
        Ok(Self { hasher: self.hasher.try_clone()?, bytes: self.bytes.clone() })
    }
}
