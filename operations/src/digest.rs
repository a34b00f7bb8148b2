//! A digest algorithm of the caller: a hash function with its name.

use keyfile::HashAlg;
use missing::Hasher;

use crate::{Error, Result};

/// A digest algorithm.
#[derive(Clone, Copy)]
pub struct Digest<'a> {
    name: &'a str,
    hasher: &'a dyn Hasher,
}

impl<'a> Digest<'a> {
    /// Creates a digest with any of OpenSSL's names ([`missing::Digest::names`]). With other names it is only for PSS and OAEP.
    #[must_use]
    pub const fn new(name: &'a str, hasher: &'a dyn Hasher) -> Self {
        Self { name, hasher }
    }

    /// Returns the size of a digest in bytes.
    #[must_use]
    pub fn size(self) -> usize {
        self.hasher.size()
    }

    /// Returns the TPM's hash for this digest.
    #[must_use]
    pub fn tpm_hash(self) -> Option<HashAlg> {
        match self.known().ok()? {
            missing::Digest::Sha1 => Some(HashAlg::Sha1),
            missing::Digest::Sha256 => Some(HashAlg::Sha256),
            missing::Digest::Sha384 => Some(HashAlg::Sha384),
            missing::Digest::Sha512 => Some(HashAlg::Sha512),
            _ => None,
        }
    }

    /// Returns the digest as PKCS#1 v1.5 knows it.
    pub(crate) fn known(self) -> std::result::Result<missing::Digest, missing::Error> {
        self.name.parse()
    }

    pub(crate) const fn hasher(self) -> &'a dyn Hasher {
        self.hasher
    }

    /// Computes the digest of a message.
    pub(crate) fn of(self, message: &[u8]) -> Result<Vec<u8>> {
        let mut digest = vec![0; self.size()];
        self.hasher.hash(&[message], &mut digest).map_err(Error::caller)?;
        Ok(digest)
    }
}

/// The digest of PKCS#1 v1.5 for a hash of the TPM.
pub(crate) const fn of_tpm(hash: HashAlg) -> missing::Digest {
    match hash {
        HashAlg::Sha1 => missing::Digest::Sha1,
        HashAlg::Sha256 => missing::Digest::Sha256,
        HashAlg::Sha384 => missing::Digest::Sha384,
        HashAlg::Sha512 => missing::Digest::Sha512,
    }
}
