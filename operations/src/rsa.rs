//! RSA signatures in the TPM.
//!
//! TPM2_Sign supports only the TPM's digests, and many chips always use the largest PSS salt, which breaks TLS 1.3. So a key that may
//! decrypt signs with TPM2_RSA_Decrypt and scheme NULL, the bare private operation, on a block that is padded here. TPM2_Sign is used if
//! the key may not do that or the TPM forbids it.
//!
//! Software verifies a result that no session protected before the caller gets it. It also verifies PSS signatures that TPM2_Sign padded,
//! because the salt may have another length than requested.

mod digest_info;
mod limit;
mod padding;
mod salt;

#[cfg(test)]
mod tests;
mod tpm_scheme;

use keyfile::{Attributes, Public, PublicKey, Scheme, Signature};
use missing::pkcs1::rejection::SIGNED_DIGEST;
use tpm::RawRsa;
use zeroize::Zeroizing;

use crate::public::opens_to;
use crate::signature::{Request, is_restricted, restricted_to, wrong_signature};
use crate::{Digest, Error, Kind, Memory, Private, PublicHalf, Result, digest};
use limit::Limit;
pub use padding::Padding;
pub use salt::TpmSalt;

/// Refuses a digest that the key cannot sign, before a message begins.
///
/// # Errors
/// The text names the digests that the key signs.
pub fn accepts(key: &dyn Private, digest: Digest<'_>) -> Result<()> {
    if may_sign_by_decryption(key) {
        return Ok(());
    }
    let hash = Limit::of(key.public())?.hash(digest.tpm_hash())?;
    match key.public().key.scheme() {
        Some(scheme) if scheme.hash().is_some_and(|fixed| fixed != hash) => {
            let fixed = scheme.hash().unwrap_or(hash);
            if is_restricted(key) {
                Err(restricted_to(fixed))
            } else {
                Err(tpm_scheme::restricted_to_scheme(scheme, hash))
            }
        }
        _ => Ok(()),
    }
}

/// Determines the salt length of a signature if the caller leaves it open and the TPM chooses it, for a certificate that names it. Returns
/// `None` if the caller may choose.
///
/// # Errors
/// The TPM refuses a trial, its salt has an unusual length, or the key cannot make such signatures.
pub fn settle(
    key: &dyn Private,
    public: &dyn PublicHalf,
    padding: &Padding<'_>,
    digest: Option<Digest<'_>>,
    memory: &Memory,
) -> Result<Option<TpmSalt>> {
    if !padding.leaves_salt_open() || salt::is_free(key, public, padding, digest)? {
        return Ok(None);
    }
    // Reports what the key cannot do before the TPM makes a signature in vain.
    tpm_scheme::of(key.public(), Limit::of(key.public())?, padding, digest.and_then(Digest::tpm_hash))?;
    memory.salt(|| salt::try_out(key, public, digest)).map(Some)
}

/// Makes a signature, as long as the modulus.
///
/// # Errors
/// Padding, digest and key do not fit together, or the TPM refuses.
pub fn sign(request: &Request<'_>, padding: &Padding<'_>) -> Result<Vec<u8>> {
    // The value may also follow a DigestInfo or a padding of the caller.
    if request.digest.ends_with(&SIGNED_DIGEST) {
        return Err(reserved_for_rejection());
    }
    if may_sign_by_decryption(request.key) {
        match by_decryption(request, padding) {
            // The TPM has just refused raw RSA.
            Err(_) if request.key.raw_rsa() == Some(RawRsa::Forbidden) => {}
            done => return done,
        }
    }
    by_signing(request, padding)
}

/// Returns true if the key can do the bare private operation, as far as the TPM is known.
fn may_sign_by_decryption(key: &dyn Private) -> bool {
    decrypts_anything(key.public()) && key.raw_rsa() != Some(RawRsa::Forbidden)
}

/// Returns true if the key may do the bare private operation: it may decrypt everything with every scheme.
#[must_use]
pub fn decrypts_anything(public: &Public) -> bool {
    public.attributes.contains(Attributes::DECRYPT)
        && !public.attributes.contains(Attributes::RESTRICTED)
        && public.key.scheme() == Some(Scheme::Null)
}

fn by_decryption(request: &Request<'_>, padding: &Padding<'_>) -> Result<Vec<u8>> {
    let modulus = modulus(request.key.public())?;
    let block = Zeroizing::new(padding.block(request.public, modulus, request.digest, request.algorithm)?);
    // TPM 2.0 Part 3 §14.3: the value must be below the modulus; otherwise libtpms enters failure mode.
    if block.len() != modulus.len() || block.as_slice() >= modulus {
        return Err(Error::new(Kind::Padding, "the value to sign is not below the modulus"));
    }
    let answer = request.key.rsa_sign(&block)?;
    // Some TPMs leave out leading zeros.
    let zeros = modulus.len().checked_sub(answer.value.len()).ok_or_else(wrong_signature)?;
    let mut signature = vec![0; zeros];
    signature.extend_from_slice(&answer.value);
    if answer.authenticated || opens_to(request.public, request.key.public(), &signature, &block)? {
        return Ok(signature);
    }
    Err(wrong_signature())
}

fn by_signing(request: &Request<'_>, padding: &Padding<'_>) -> Result<Vec<u8>> {
    let public = request.key.public();
    let limit = Limit::of(public)?;
    let (known, bytes) = match (padding, request.algorithm) {
        (Padding::Pkcs1, None) => digest_info::parse(request.digest).unzip(),
        (_, algorithm) => (algorithm.and_then(Digest::tpm_hash), None),
    };
    let bytes = bytes.unwrap_or(request.digest);
    let (scheme, hash) = tpm_scheme::of(public, limit, padding, known)?;
    let answer = request.sign(bytes, hash, scheme.id()).map_err(|error| limit.refused(hash, error))?;
    let Signature::Rsa { bytes: signature, .. } = answer.value else { return Err(wrong_signature()) };
    let Padding::Pss { salt, .. } = padding else {
        let block = missing::pkcs1::encode_signature(digest::of_tpm(hash), bytes, modulus(public)?.len());
        let block = block.map_err(padding::refused)?;
        return match answer.authenticated || opens_to(request.public, public, &signature, &block)? {
            true => Ok(signature),
            false => Err(wrong_signature()),
        };
    };
    let Some(algorithm) = request.algorithm else { return Err(wrong_signature()) };
    let own = salt::of(request.public, public, &signature, algorithm, bytes)?.ok_or_else(wrong_signature)?;
    let bits = modulus_bits(modulus(public)?);
    match TpmSalt::of(own, algorithm.size(), bits) {
        _ if padding.leaves_salt_open() => Ok(signature),
        _ if salt.for_signing(algorithm.size(), bits).is_ok_and(|asked| asked == own) => Ok(signature),
        Some(known) => Err(limit.salt(known)),
        None => Err(wrong_signature()),
    }
}

fn modulus(public: &Public) -> Result<&[u8]> {
    match &public.key {
        PublicKey::Rsa { modulus, .. } => Ok(modulus),
        _ => Err(Error::new(Kind::WrongKey, "an RSA signature needs an RSA key")),
    }
}

/// Returns the size of the modulus in bits.
fn modulus_bits(modulus: &[u8]) -> usize {
    let zeros = modulus.first().map_or(0, |first| first.leading_zeros());
    modulus.len().saturating_mul(8).saturating_sub(usize::try_from(zeros).unwrap_or_default())
}

fn reserved_for_rejection() -> Error {
    let text = "this value is not signed: its signature is the secret that hides wrong PKCS#1 v1.5 paddings";
    Error::new(Kind::Digest, text)
}
