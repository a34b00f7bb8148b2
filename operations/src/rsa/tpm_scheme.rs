//! The scheme with which TPM2_Sign pads a signature of an RSA key (TPM 2.0 Part 2 §11.2.4).

use keyfile::{AlgId, HashAlg, Public, Scheme};

use super::limit::Limit;
use super::padding::Padding;
use crate::{Error, Kind, Result};

/// Returns the scheme and its hash.
///
/// # Errors
/// No scheme fits the request, or the key is restricted to another one.
pub(super) fn of(
    public: &Public,
    limit: Limit,
    padding: &Padding<'_>,
    hash: Option<HashAlg>,
) -> Result<(Scheme, HashAlg)> {
    let make = match padding {
        Padding::Pkcs1 => Scheme::Rsassa,
        Padding::Pss { .. } => Scheme::Rsapss,
        Padding::None => return Err(limit.no_padding()),
    };
    let hash = limit.hash(hash)?;
    if let Padding::Pss { mgf1: Some(mgf1), .. } = padding {
        if mgf1.tpm_hash() != Some(hash) {
            return Err(limit.mgf1());
        }
    }
    let asked = make(hash);
    fits_key(public, asked, hash)?;
    Ok((asked, hash))
}

/// The error for a key whose scheme has another hash.
pub(super) fn restricted_to_scheme(scheme: Scheme, asked: HashAlg) -> Error {
    let text = format!("the key is restricted to {scheme}, but the caller asked for {asked}");
    Error::new(Kind::Digest, text)
}

/// Refuses a scheme that the key's own scheme does not allow.
fn fits_key(public: &Public, asked: Scheme, hash: HashAlg) -> Result<()> {
    match public.key.scheme() {
        Some(Scheme::Null) => Ok(()),
        Some(fixed) if fixed == asked => Ok(()),
        Some(fixed) if fixed.id() == asked.id() => Err(restricted_to_scheme(fixed, hash)),
        Some(fixed) => {
            let hint = match fixed.id() {
                AlgId::RSASSA => {
                    "use the padding pkcs1[ (TLS 1.2 uses it if PSS is not offered: -sigalgs RSA+SHA256)]"
                }
                _ => "use the padding pss",
            };
            let text = format!("the key is restricted to {fixed}, but the caller asked for {asked}");
            Err(Error::new(Kind::UnsupportedPadding, text).with_hint(hint))
        }
        None => Err(Error::new(Kind::WrongKey, "an RSA signature needs an RSA key")),
    }
}
