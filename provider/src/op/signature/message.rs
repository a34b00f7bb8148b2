//! A message under way to a signature in the TPM: its digest so far, and itself where a restricted key wants to see it.

use crate::error::Result;
use crate::ffi::crypto::{Digest, Hasher};

/// The message.
pub(super) struct Message {
    hasher: Hasher,
    /// All of it so far, for a key that signs only what the TPM hashed itself (TPM 2.0 Part 3 §20.2).
    bytes: Option<Vec<u8>>,
}

/// A whole message.
pub(super) struct Whole {
    /// Its digest.
    pub(super) digest: Vec<u8>,
    /// Itself, if it was kept.
    pub(super) bytes: Option<Vec<u8>>,
}

impl Message {
    /// An empty message, which is kept or not.
    pub(super) fn new(digest: &Digest, keep: bool) -> Result<Self> {
        Ok(Self { hasher: Hasher::new(digest)?, bytes: keep.then(Vec::new) })
    }

    /// Its digest algorithm.
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

    /// Ends it and begins the next. EVP_DigestSignFinal(3ossl) ends a copy, and goes on with the message.
    pub(super) fn finish(&mut self) -> Result<Whole> {
        let digest = self.hasher.finish()?;
        self.hasher.restart()?;
        Ok(Whole { digest, bytes: self.bytes.as_mut().map(std::mem::take) })
    }

    /// A second one that goes on from here.
    pub(super) fn try_clone(&self) -> Result<Self> {
        Ok(Self { hasher: self.hasher.try_clone()?, bytes: self.bytes.clone() })
    }
}
