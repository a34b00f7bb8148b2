//! The public key whose private half may sign policies later: keySign of PolicyAuthorize (Part 3 §23.16).

use std::path::Path;

use crypto::random;
use keyfile::policy::{Authorize, Condition};
use keyfile::{Attributes, HashAlg, Public, Signature};

use crate::error::Error;
use crate::public_key::{self, PublicArea};

/// The signer's public key, as read from its file.
#[derive(Clone, Debug)]
pub(super) struct Approver {
    area: Public,
    /// True if the file contains a public area, which has a fixed Name; false if it contains a bare key.
    whole: bool,
}

impl Approver {
    /// Reads the key.
    ///
    /// # Errors
    /// The file contains no public key with which a TPM can verify signatures.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let (area, whole) = match public_key::read(path)? {
            PublicArea::Whole(public) => (public, true),
            // tpm2_loadexternal gives such a key the same attributes.
            PublicArea::Key(key) => {
                let attributes = Attributes::USER_WITH_AUTH | Attributes::SIGN | Attributes::DECRYPT;
                (Public { name_alg: HashAlg::Sha256, attributes, auth_policy: Vec::new(), key }, false)
            }
        };
        // Without SIGN, VerifySignature returns TPM_RC_ATTRIBUTES.
        match area.attributes.contains(Attributes::SIGN) {
            true => Ok(Approver { area, whole }),
            false => Err(Error::file(
                path,
                format!("this is not a signing key: its attributes are {}", area.attributes),
                "give the public half of a signing key",
            )),
        }
    }

    /// Returns the public area for TPM2_LoadExternal. `hash` is the object's name hash.
    ///
    /// A bare key gets that hash: openssl_tpm2_engine signs and verifies policies with the object's name hash.
    pub(super) fn area(&self, hash: HashAlg) -> Public {
        let name_alg = if self.whole { self.area.name_alg } else { hash };
        Public { name_alg, ..self.area.clone() }
    }

    /// Returns the PolicyAuthorize for policies that are signed later. Its nonce (policyRef) prevents that a policy signed for one key works
    /// for another.
    ///
    /// # Errors
    /// The system does not provide random bytes.
    pub(super) fn authorize(&self, hash: HashAlg) -> Result<Condition, Error> {
        let policy_ref = random::bytes(hash.size()).map_err(Error::Random)?.to_vec();
        let key = self.area(hash);
        Ok(Condition::Authorize(Box::new(Authorize { key, policy_ref, signature: Signature::Null })))
    }
}
