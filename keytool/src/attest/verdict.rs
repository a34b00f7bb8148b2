//! Verifies a certification: the signature, and the signed nonce, Name and hierarchy.

use attestation::signature::verify;
use keyfile::wire::Unmarshal;
use keyfile::{Certification, Handle, Name, Public};
use tpm::Certified;

use crate::error::Error;

/// Computes the Name of a key.
///
/// # Errors
/// The public area is damaged.
pub(crate) fn name_of(public: &Public) -> Result<Name, Error> {
    public.name().map_err(|error| tampered(&format!("a public area is damaged: {error}")))
}

/// Verifies that the certification is for the primary key of this hierarchy, contains the nonce, and is signed by the key with the Name
/// `signer`. Returns the Name of the certified key.
///
/// # Errors
/// A check fails. The message names it.
pub(crate) fn name(
    certified: &Certified,
    signer: &Name,
    hierarchy: Handle,
    nonce: &[u8],
) -> Result<Name, Error> {
    // The signature comes first: without it nothing else can be trusted.
    if !verify(&certified.signer.key, &certified.statement, &certified.signature) {
        return Err(tampered("the signature is wrong"));
    }
    let signed = Certification::from_bytes(&certified.statement)
        .map_err(|error| tampered(&format!("the signed structure is not a certification: {error}")))?;
    if signed.extra_data != nonce {
        return Err(tampered("the certification does not contain the nonce of this request"));
    }
    let name = name_of(&certified.public)?;
    if signed.name != name {
        return Err(tampered(&format!("the certification is for the key {}, not for {name}", signed.name)));
    }
    if name.qualified(&hierarchy.into()) != Some(signed.qualified_name) {
        return Err(tampered("the certification is for a key of another hierarchy"));
    }
    if signer.qualified(&Handle::ENDORSEMENT.into()) != Some(signed.qualified_signer) {
        return Err(tampered("the key that signed is not in the endorsement hierarchy"));
    }
    Ok(name)
}

/// Returns the error for a response that does not come from the expected TPM.
pub(crate) fn tampered(problem: &str) -> Error {
    Error::request(
        format!("this TPM's responses cannot be trusted: {problem}"),
        "do not trust this TPM's keys: the TPM was replaced, or something between this program and the TPM alters the data",
    )
}
