//! The input of a signature, and the keys that sign only messages.

use keyfile::{AlgId, Attributes, HashAlg};
use tpm::Answer;

use crate::{Digest, Error, Kind, Private, PublicHalf, Result};

/// The input of a signature in the TPM.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The private half.
    pub key: &'a dyn Private,
    /// The public half.
    pub public: &'a dyn PublicHalf,
    /// The digest; without an algorithm, any bytes.
    pub digest: &'a [u8],
    /// The algorithm of the digest.
    pub algorithm: Option<Digest<'a>>,
    /// The message, which a restricted key needs.
    pub message: Option<&'a [u8]>,
}

impl Request<'_> {
    /// Runs TPM2_Sign on the labelled digest, or on the message if the key is restricted.
    pub(crate) fn sign(
        &self,
        digest: &[u8],
        hash: HashAlg,
        scheme: AlgId,
    ) -> Result<Answer<keyfile::Signature>> {
        if !is_restricted(self.key) {
            return self.key.sign(digest, hash, scheme);
        }
        let text = match self.message {
            Some(message) if self.algorithm.and_then(Digest::tpm_hash) == Some(hash) => {
                return self.key.sign_message(message, hash, scheme);
            }
            Some(_) => return Err(restricted_to(hash)),
            None => "the key is restricted to messages that the TPM hashed itself",
        };
        let hint = "sign the message, not its digest[ (dgst -sign, pkeyutl -rawin, cms without -noattr)]";
        Err(Error::new(Kind::Digest, text).with_hint(hint))
    }
}

/// Returns true if the key signs only messages that the TPM hashed itself.
pub fn is_restricted(key: &dyn Private) -> bool {
    key.public().attributes.contains(Attributes::RESTRICTED)
}

pub(crate) fn restricted_to(hash: HashAlg) -> Error {
    Error::new(Kind::Digest, format!("the key is restricted to {hash}")).with_hint("use that digest")
}

/// The error of a signature that is not the one of the digest.
pub(crate) fn wrong_signature() -> Error {
    let text = "the TPM's signature does not verify and was discarded: it was altered on the way, or the TPM is faulty";
    Error::new(Kind::Integrity, text)
}
