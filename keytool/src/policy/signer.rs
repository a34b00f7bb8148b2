//! The public key whose private half may sign policies later: keySign of PolicyAuthorize (Part 3 §23.16).

use std::path::Path;

use keyfile::policy::{Authorize, Condition};
use keyfile::{Attributes, HashAlg, Public, Signature};
use tpm::crypto::random;

use crate::error::Error;
use crate::public_key::{self, PublicArea};

/// Reads the key and makes the public area of it that TPM2_LoadExternal takes.
///
/// # Errors
/// The file holds no public key that a TPM could verify with.
pub(super) fn read(path: &Path) -> Result<Public, Error> {
    let public = match public_key::read(path)? {
        PublicArea::Whole(public) => public,
        // The same area, and so the same Name, as tpm2_loadexternal makes of such a file.
        PublicArea::Key(key) => Public {
            name_alg: HashAlg::Sha256,
            attributes: Attributes::USER_WITH_AUTH | Attributes::SIGN | Attributes::DECRYPT,
            auth_policy: Vec::new(),
            key,
        },
    };
    // VerifySignature answers TPM_RC_ATTRIBUTES otherwise.
    match public.attributes.contains(Attributes::SIGN) {
        true => Ok(public),
        false => Err(Error::file(
            path,
            format!("this key does not sign: it is {}", public.attributes),
            "name the public half of a signing key",
        )),
    }
}

/// The place for signed policies; the nonce sees to it that a policy signed for one key does not fit another.
///
/// # Errors
/// The system has no random octets.
pub(super) fn place(key: Public, hash: HashAlg) -> Result<Condition, Error> {
    let policy_ref = random::octets(hash.size()).map_err(Error::Random)?.to_vec();
    Ok(Condition::Authorize(Box::new(Authorize { key, policy_ref, signature: Signature::Null })))
}
