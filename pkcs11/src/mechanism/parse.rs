//! Parameters of mechanisms, as types.

use cryptoki_sys::*;
use missing::SaltLength;

use super::Hash;
use super::table::{self, Form};
use crate::error::{Error, Result};
use crate::ffi::MechanismArgument;

/// How to sign.
#[derive(Clone, Copy)]
pub(crate) struct Sign {
    pub(crate) scheme: Scheme,
    /// The hash of the message; without it the caller gives a digest, or a block.
    pub(crate) hash: Option<Hash>,
}

/// The scheme of a signature.
#[derive(Clone, Copy)]
pub(crate) enum Scheme {
    RsaX509,
    RsaPkcs,
    RsaPss { digest: Hash, mgf1: Hash, salt: SaltLength },
    Ecdsa,
}

/// How to decrypt.
pub(crate) enum Decrypt {
    RsaX509,
    RsaPkcs,
    RsaOaep { digest: Hash, mgf1: Hash, label: Vec<u8> },
}

/// How to agree on a key.
pub(crate) struct Derive<'a> {
    pub(crate) kdf: Kdf<'a>,
    /// The peer's point: SEC 1, or that in an OCTET STRING in DER.
    pub(crate) peer: &'a [u8],
}

/// The key derivation function.
pub(crate) enum Kdf<'a> {
    /// The shared secret itself.
    Null,
    /// That of ANSI X9.63, with SharedInfo.
    X963(Hash, &'a [u8]),
}

/// Reads a mechanism that signs.
///
/// # Errors
/// CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID
pub(crate) fn signature(mechanism: &MechanismArgument<'_>) -> Result<Sign> {
    let row = table::find(mechanism.mechanism)?;
    let scheme = match row.form {
        Form::RsaX509 => bare(mechanism, Scheme::RsaX509)?,
        Form::RsaPkcs => bare(mechanism, Scheme::RsaPkcs)?,
        Form::Ecdsa => bare(mechanism, Scheme::Ecdsa)?,
        Form::RsaPss => pss(mechanism, row.hash)?,
        _ => return Err(table::unknown(mechanism.mechanism)),
    };
    Ok(Sign { scheme, hash: row.hash })
}

/// Reads a mechanism that decrypts.
///
/// # Errors
/// CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID
pub(crate) fn decryption(mechanism: &MechanismArgument<'_>) -> Result<Decrypt> {
    let row = table::find(mechanism.mechanism)?;
    match (row.form, row.hash) {
        (Form::RsaX509, None) => bare(mechanism, Decrypt::RsaX509),
        (Form::RsaPkcs, None) => bare(mechanism, Decrypt::RsaPkcs),
        (Form::RsaOaep, None) => oaep(mechanism),
        _ => Err(table::unknown(mechanism.mechanism)),
    }
}

/// Reads a mechanism that agrees on a key.
///
/// # Errors
/// CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID
pub(crate) fn derivation<'a>(mechanism: &MechanismArgument<'a>) -> Result<Derive<'a>> {
    if table::find(mechanism.mechanism)?.form != Form::Ecdh {
        return Err(table::unknown(mechanism.mechanism));
    }
    let (kdf, shared, peer) = mechanism.ecdh1()?;
    let kdf = match kdf {
        CKD_NULL if shared.is_empty() => Kdf::Null,
        CKD_SHA1_KDF => Kdf::X963(Hash::Sha1, shared),
        CKD_SHA224_KDF => Kdf::X963(Hash::Sha224, shared),
        CKD_SHA256_KDF => Kdf::X963(Hash::Sha256, shared),
        CKD_SHA384_KDF => Kdf::X963(Hash::Sha384, shared),
        CKD_SHA512_KDF => Kdf::X963(Hash::Sha512, shared),
        CKD_SHA3_224_KDF => Kdf::X963(Hash::Sha3Of224, shared),
        CKD_SHA3_256_KDF => Kdf::X963(Hash::Sha3Of256, shared),
        CKD_SHA3_384_KDF => Kdf::X963(Hash::Sha3Of384, shared),
        CKD_SHA3_512_KDF => Kdf::X963(Hash::Sha3Of512, shared),
        _ => return Err(invalid("the KDF is unknown, or has shared data although it is CKD_NULL")),
    };
    Ok(Derive { kdf, peer })
}

fn bare<T>(mechanism: &MechanismArgument<'_>, value: T) -> Result<T> {
    match mechanism.is_bare() {
        true => Ok(value),
        false => Err(invalid("this mechanism has no parameter")),
    }
}

fn pss(mechanism: &MechanismArgument<'_>, hash: Option<Hash>) -> Result<Scheme> {
    let params = mechanism.pss()?;
    let digest = Hash::of_mechanism(params.hashAlg).ok_or_else(|| invalid("the hash of PSS is unknown"))?;
    if hash.is_some_and(|hash| hash != digest) {
        return Err(invalid("the hash of PSS is not that of the mechanism"));
    }
    let mgf1 = Hash::of_mgf(params.mgf).ok_or_else(|| invalid("the MGF of PSS is unknown"))?;
    let salt = usize::try_from(params.sLen).map_err(|_| invalid("the salt of PSS is too long"))?;
    Ok(Scheme::RsaPss { digest, mgf1, salt: SaltLength::Exactly(salt) })
}

fn oaep(mechanism: &MechanismArgument<'_>) -> Result<Decrypt> {
    let (params, label) = mechanism.oaep()?;
    let digest = Hash::of_mechanism(params.hashAlg).ok_or_else(|| invalid("the hash of OAEP is unknown"))?;
    let mgf1 = Hash::of_mgf(params.mgf).ok_or_else(|| invalid("the MGF of OAEP is unknown"))?;
    // Some programs leave the source 0 if there is no label.
    match params.source {
        CKZ_DATA_SPECIFIED => {}
        0 if label.is_empty() => {}
        _ => return Err(invalid("the source of the label is unknown")),
    }
    Ok(Decrypt::RsaOaep { digest, mgf1, label: label.to_vec() })
}

fn invalid(text: &'static str) -> Error {
    Error::new(CKR_MECHANISM_PARAM_INVALID, text)
}
