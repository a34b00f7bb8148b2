//! The scheme of an RSA key by which TPM2_Sign pads what is asked for (TPM 2.0 Part 2 §11.2.4).

use keyfile::{AlgId, HashAlg, Public, Scheme};

use super::limit::Limit;
use super::padding::Padding;
use super::tpm_hash;
use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::Digest;

/// The scheme, and its hash.
///
/// # Errors
/// No scheme does what is asked for, or the key was made for another one.
pub(super) fn of(
    public: &Public,
    limit: Limit,
    padding: &Padding,
    digest: Option<&Digest>,
) -> Result<(Scheme, HashAlg)> {
    let make = match padding {
        Padding::Pkcs1 => Scheme::Rsassa,
        Padding::Pss { .. } => Scheme::Rsapss,
        Padding::None => return Err(limit.no_padding()),
    };
    let hash = limit.hash(digest)?;
    if let Padding::Pss { mgf1: Some(mgf1), .. } = padding {
        if tpm_hash(mgf1) != Some(hash) {
            return Err(limit.mgf1());
        }
    }
    let asked = make(hash);
    fits_key(public, asked, hash)?;
    Ok((asked, hash))
}

/// The key has a scheme with another hash.
pub(super) fn made_for(scheme: Scheme, asked: HashAlg) -> Error {
    Error::new(Reason::Digest, format!("the key was made for {scheme} only, and {asked} was asked for"))
}

/// Refuses what the scheme that the key was made for does not allow.
fn fits_key(public: &Public, asked: Scheme, hash: HashAlg) -> Result<()> {
    match public.key.scheme() {
        Some(Scheme::Null) => Ok(()),
        Some(fixed) if fixed == asked => Ok(()),
        Some(fixed) if fixed.id() == asked.id() => Err(made_for(fixed, hash)),
        Some(fixed) => {
            let remedy = match fixed.id() {
                AlgId::RSASSA => {
                    "ask for the padding pkcs1 (TLS takes it in version 1.2, when PSS is not offered: -sigalgs RSA+SHA256)"
                }
                _ => "ask for the padding pss",
            };
            let text = format!("the key was made for {fixed} only, and {asked} was asked for: {remedy}");
            Err(Error::new(Reason::Padding, text))
        }
        None => Err(Error::new(Reason::WrongKey, "an RSA signature needs an RSA key")),
    }
}
