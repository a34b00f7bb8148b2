//! What a certification is worth: the signature of the key that should have made it, and in it our nonce, the Name and the hierarchy.

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

/// The Name of a key, computed here.
///
/// # Errors
/// The TPM gave no public area.
pub(crate) fn name_of(public: &Public) -> Result<Name, Error> {
    public.name().map_err(|error| tampered(&format!("a public area is damaged: {error}")))
}

/// The Name of the certified key, if the certification is what was asked for: of the primary of this hierarchy, now, by the signing key,
/// whose Name is `signer`.
///
/// # Errors
/// It is not; the text says what is wrong with it.
pub(crate) fn name(
    certified: &Certified,
    signer: &Name,
    hierarchy: Handle,
    nonce: &[u8],
) -> Result<Name, Error> {
    // The signature first: nothing else of it is believed before.
    if !is_signed(certified).unwrap_or(false) {
        return Err(tampered("the signature is wrong"));
    }
    let said = Certification::from_bytes(&certified.statement)
        .map_err(|error| tampered(&format!("the signed structure is no certification: {error}")))?;
    if said.extra_data != nonce {
        return Err(tampered("it is the answer to another question, for our nonce is not in it"));
    }
    let name = name_of(&certified.public)?;
    if said.name != name {
        return Err(tampered(&format!("the certification is about the key {}, not about {name}", said.name)));
    }
    if name.qualified(&hierarchy.into()) != Some(said.qualified_name) {
        return Err(tampered("the certification is about a key of another hierarchy"));
    }
    if signer.qualified(&Handle::ENDORSEMENT.into()) != Some(said.qualified_signer) {
        return Err(tampered("the key that signed is not of the endorsement hierarchy"));
    }
    Ok(name)
}

/// The public half, for OpenSSL.
///
/// # Errors
/// It is no key, such as a point that is not on its curve.
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
    // The templates that are certified, and that sign, are on P-256.
    let PublicKey::Ecc { x, y, .. } = key else { return Err(ErrorStack::get()) };
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    EcKey::from_public_key_affine_coordinates(&group, &*BigNum::from_slice(x)?, &*BigNum::from_slice(y)?)
}

/// Whether the signing key signed it, by the scheme of its template.
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

/// An answer that is not the TPM's, or not of the TPM that it should be.
pub(crate) fn tampered(problem: &str) -> Error {
    Error::request(
        format!("what this TPM says is not to be believed: {problem}"),
        "something between this program and the TPM alters what they say, or the TPM is not the one that it was; trust nothing that it holds",
    )
}
