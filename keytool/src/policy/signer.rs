//! The public key whose private half may sign policies later: keySign of PolicyAuthorize (Part 3 §23.16).

use std::path::Path;

use keyfile::policy::{Authorize, Condition};
use keyfile::{Attributes, HashAlg, Public, Signature};
use tpm::crypto::random;

use crate::error::Error;
use crate::public_key::{self, PublicArea};

/// The key, as its file has it.
#[derive(Clone, Debug)]
pub(super) struct Approver {
    area: Public,
    /// The file has a public area, whose Name is settled; not only the numbers of the key.
    whole: bool,
}

impl Approver {
    /// Reads the key.
    ///
    /// # Errors
    /// The file holds no public key that a TPM could verify with.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let (area, whole) = match public_key::read(path)? {
            PublicArea::Whole(public) => (public, true),
            // The attributes are those that tpm2_loadexternal gives such a key.
            PublicArea::Key(key) => {
                let attributes = Attributes::USER_WITH_AUTH | Attributes::SIGN | Attributes::DECRYPT;
                (Public { name_alg: HashAlg::Sha256, attributes, auth_policy: Vec::new(), key }, false)
            }
        };
        // VerifySignature answers TPM_RC_ATTRIBUTES otherwise.
        match area.attributes.contains(Attributes::SIGN) {
            true => Ok(Approver { area, whole }),
            false => Err(Error::file(
                path,
                format!("this key does not sign: it is {}", area.attributes),
                "name the public half of a signing key",
            )),
        }
    }

    /// The public area that TPM2_LoadExternal takes, for an object whose name hash is `hash`.
    ///
    /// A bare key gets that hash: openssl_tpm2_engine signs and verifies policies with the hash of the object, whatever the key says.
    pub(super) fn area(&self, hash: HashAlg) -> Public {
        let name_alg = if self.whole { self.area.name_alg } else { hash };
        Public { name_alg, ..self.area.clone() }
    }

    /// The place for signed policies; the nonce sees to it that a policy signed for one key does not fit another.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub(super) fn place(&self, hash: HashAlg) -> Result<Condition, Error> {
        let policy_ref = random::bytes(hash.size()).map_err(Error::Random)?.to_vec();
        let key = self.area(hash);
        Ok(Condition::Authorize(Box::new(Authorize { key, policy_ref, signature: Signature::Null })))
    }
}
