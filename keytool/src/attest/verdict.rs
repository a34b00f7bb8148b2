//! Verifies a certification: the signature, and the signed nonce, Name and hierarchy.

use keyfile::wire::Unmarshal;
use keyfile::{Certification, Handle, HashAlg, Name, Public, PublicKey, Signature};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{self, PKey};
use openssl::rsa::Rsa;
use openssl::sign::Verifier;
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
    if !is_signed(certified).unwrap_or(false) {
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

/// Returns the public half as an OpenSSL key.
///
/// # Errors
/// The key is not valid, such as a point that is not on its curve.
pub(crate) fn openssl_key(public: &Public) -> Result<PKey<pkey::Public>, ErrorStack> {
    match &public.key {
        PublicKey::Rsa { modulus, exponent, .. } => {
            let exponent = if *exponent == 0 { PublicKey::DEFAULT_EXPONENT } else { *exponent };
            let rsa = Rsa::from_public_components(BigNum::from_slice(modulus)?, BigNum::from_u32(exponent)?)?;
            PKey::from_rsa(rsa)
        }
        PublicKey::Ecc { .. } => PKey::from_ec_key(ec_key(&public.key)?),
        _ => Err(ErrorStack::get()),
    }
}

fn ec_key(key: &PublicKey) -> Result<EcKey<pkey::Public>, ErrorStack> {
    // The templates of the certified keys and of the signing key use P-256.
    let PublicKey::Ecc { x, y, .. } = key else { return Err(ErrorStack::get()) };
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    EcKey::from_public_key_affine_coordinates(&group, &*BigNum::from_slice(x)?, &*BigNum::from_slice(y)?)
}

/// Returns true if the signing key has signed the certification with the scheme of its template.
fn is_signed(certified: &Certified) -> Result<bool, ErrorStack> {
    match &certified.signature {
        Signature::Ecc { hash: HashAlg::Sha256, r, s, .. } => {
            let digest = HashAlg::Sha256.digest(&[&certified.statement]);
            let key = ec_key(&certified.signer.key)?;
            let (r, s) = (BigNum::from_slice(r)?, BigNum::from_slice(s)?);
            EcdsaSig::from_private_components(r, s)?.verify(&digest, &key)
        }
        Signature::Rsa { hash: HashAlg::Sha256, bytes, .. } => {
            let key = openssl_key(&certified.signer)?;
            Verifier::new(MessageDigest::sha256(), &key)?.verify_oneshot(bytes, &certified.statement)
        }
        _ => Ok(false),
    }
}

/// Returns the error for a response that does not come from the expected TPM.
pub(crate) fn tampered(problem: &str) -> Error {
    Error::request(
        format!("this TPM's responses cannot be trusted: {problem}"),
        "do not trust this TPM's keys: the TPM was replaced, or something between this program and the TPM alters the data",
    )
}
