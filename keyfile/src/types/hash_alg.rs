//! The hash algorithms of Names, policies and sessions.

use super::{AlgId, ParseError};
use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};
use digest::{Digest, FixedOutputReset};
use std::{fmt, hint::black_box, str::FromStr};

/// A hash algorithm that this crate can compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashAlg {
    /// SHA-1
    Sha1,
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl HashAlg {
    /// All algorithms, the weakest first.
    pub const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// Returns the TPM_ALG_ID.
    #[must_use]
    pub const fn id(self) -> AlgId {
        match self {
            Self::Sha1 => AlgId::SHA1,
            Self::Sha256 => AlgId::SHA256,
            Self::Sha384 => AlgId::SHA384,
            Self::Sha512 => AlgId::SHA512,
        }
    }

    /// Returns the algorithm with this TPM_ALG_ID.
    #[must_use]
    pub fn from_id(id: AlgId) -> Option<Self> {
        Self::ALL.into_iter().find(|hash| hash.id() == id)
    }

    /// Returns the size of a digest in bytes.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Returns the name as the TPM tools spell it, such as `sha256`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// Returns the digest of the concatenated parts.
    #[must_use]
    pub fn digest(self, parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Sha1 => hash::<sha1::Sha1>(parts),
            Self::Sha256 => hash::<sha2::Sha256>(parts),
            Self::Sha384 => hash::<sha2::Sha384>(parts),
            Self::Sha512 => hash::<sha2::Sha512>(parts),
        }
    }
}

impl fmt::Display for HashAlg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for HashAlg {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text.to_ascii_lowercase().replace(['-', '_'], "").as_str() {
            "sha1" | "sha" => Ok(Self::Sha1),
            "sha256" | "sha2256" => Ok(Self::Sha256),
            "sha384" | "sha2384" => Ok(Self::Sha384),
            "sha512" | "sha2512" => Ok(Self::Sha512),
            _ => Err(ParseError::new("hash algorithm", text, "sha1, sha256, sha384 or sha512")),
        }
    }
}

impl Marshal for HashAlg {
    fn marshal(&self, w: &mut Writer) {
        self.id().marshal(w);
    }
}

impl Unmarshal for HashAlg {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let id = AlgId::unmarshal(r)?;
        Self::from_id(id).ok_or(WireError::Unknown { what: "hash algorithm", value: u32::from(id.0) })
    }
}

/// The input may be a password. The state is finished in place, because moving it would leave a copy of the last block on the stack, and
/// then that block is overwritten.
fn hash<D: Digest + FixedOutputReset>(parts: &[&[u8]]) -> Vec<u8> {
    /// Fills the buffer of a block of 64 or 128 bytes, except the last byte.
    const ZEROS: [u8; 127] = [0; 127];
    let mut state = D::new();
    for part in parts {
        Digest::update(&mut state, part);
    }
    let digest = Digest::finalize_reset(&mut state).to_vec();
    Digest::update(&mut state, ZEROS);
    black_box(&state);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_match_fips_180() {
        let abc = |hash: HashAlg| hex::encode(hash.digest(&[b"a", b"", b"bc"]));
        assert_eq!(abc(HashAlg::Sha1), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(abc(HashAlg::Sha256), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        for hash in HashAlg::ALL {
            assert_eq!(hash.digest(&[]).len(), hash.size());
            assert_eq!(hash.name().parse(), Ok(hash));
        }
    }
}
