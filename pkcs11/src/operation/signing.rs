//! A signature in progress.

use std::sync::Arc;

use cryptoki_sys::*;
use keyfile::{Attributes, PublicKey};
use operations::rsa::Padding;
use operations::signature::Request;
use operations::{ecdsa, rsa};
use tokens::TokenKey;
use tpm::Auth;
use zeroize::Zeroizing;

use super::{InUse, OpenKey, explain};
use crate::error::{Error, Result};
use crate::ffi::MechanismArgument;
use crate::mechanism::{Hashing, Scheme, Sign, signature, table};
use crate::slot::Slot;

/// The most bytes of a digest or a block.
const LONGEST_BLOCK: usize = 1 << 10;
/// The most bytes of a message for a restricted key, which the TPM hashes.
const LONGEST_MESSAGE: usize = 1 << 20;

/// The least padding of PKCS#1 v1.5 (RFC 8017 §9.2).
const PADDING: usize = 11;

/// A signature in progress.
pub(crate) struct Signing {
    key: InUse,
    sign: Sign,
    input: Input,
    /// True after C_SignUpdate, which C_Sign may not follow.
    pub(crate) in_parts: bool,
    /// True if C_SignRecover ends it.
    pub(crate) recovers: bool,
}

/// What was given so far.
enum Input {
    /// Hashed here.
    Hash(Hashing),
    /// A digest or a block; or a message that the TPM hashes.
    Bytes { bytes: Zeroizing<Vec<u8>>, longest: usize },
}

impl Signing {
    /// Begins a signature; if `recovers`, for C_SignRecover.
    ///
    /// # Errors
    /// CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID, CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_FUNCTION_NOT_PERMITTED
    pub(crate) fn new(key: Arc<TokenKey>, mechanism: &MechanismArgument<'_>, recovers: bool) -> Result<Self> {
        let sign = signature(mechanism)?;
        let restricted = key.public().attributes.contains(Attributes::RESTRICTED);
        let bytes = |longest| Input::Bytes { bytes: Zeroizing::default(), longest };
        let input = match sign.hash {
            Some(_) if restricted => bytes(LONGEST_MESSAGE),
            Some(hash) => Input::Hash(hash.begin()),
            None => bytes(LONGEST_BLOCK),
        };
        let key = InUse::new(key, table::find(mechanism.mechanism)?)?;
        let may = key.uses();
        let is_raw = matches!(sign.scheme, Scheme::RsaX509);
        if !may.sign || (is_raw && !may.raw_rsa) {
            return Err(Error::new(CKR_KEY_FUNCTION_NOT_PERMITTED, "the key does not sign so"));
        }
        Ok(Self { key, sign, input, in_parts: false, recovers })
    }

    /// Proves the password for this signature.
    ///
    /// # Errors
    /// As [`InUse::login`].
    pub(crate) fn login(&mut self, slot: &Slot, pin: Auth) -> Result<()> {
        self.key.login(slot, pin)
    }

    /// Returns true after a login for this signature.
    pub(crate) fn is_authenticated(&self) -> bool {
        self.key.is_authenticated()
    }

    /// Returns the size of the signature.
    pub(crate) fn size(&self) -> usize {
        match &self.key.of().public().key {
            PublicKey::Ecc { curve, .. } => curve.field_bytes().saturating_mul(2),
            _ => self.key.modulus_size(),
        }
    }

    /// Adds a part of the message, or of the digest.
    ///
    /// # Errors
    /// CKR_DATA_LEN_RANGE
    pub(crate) fn update(&mut self, part: &[u8]) -> Result<()> {
        match &mut self.input {
            Input::Hash(hash) => hash.update(part),
            Input::Bytes { bytes, longest } if bytes.len().saturating_add(part.len()) <= *longest => {
                bytes.extend_from_slice(part);
            }
            Input::Bytes { longest, .. } => {
                return Err(Error::new(CKR_DATA_LEN_RANGE, format!("the key signs at most {longest} bytes")));
            }
        }
        Ok(())
    }

    /// Makes the signature.
    ///
    /// # Errors
    /// CKR_DATA_LEN_RANGE; CKR_USER_NOT_LOGGED_IN; the key does not sign so; or the TPM fails.
    pub(crate) fn finish(self, slot: &Slot) -> Result<Vec<u8>> {
        let key = self.key.open(slot)?;
        let (digest, message) = match self.input {
            Input::Hash(hash) => (Zeroizing::new(hash.finalize().into_vec()), None),
            Input::Bytes { bytes, .. } => match self.sign.hash {
                None => (bytes, None),
                Some(hash) => {
                    let mut hashing = hash.begin();
                    hashing.update(&bytes);
                    (Zeroizing::new(hashing.finalize().into_vec()), Some(bytes))
                }
            },
        };
        let size = self.key.modulus_size();
        sign(&key, (self.sign, size), &digest, message.as_deref().map(Vec::as_slice))
    }
}

fn sign(
    key: &OpenKey,
    (how, modulus_size): (Sign, usize),
    digest: &[u8],
    message: Option<&[u8]>,
) -> Result<Vec<u8>> {
    let algorithm = match how.scheme {
        Scheme::RsaPkcs if how.hash.is_none() && digest.len().saturating_add(PADDING) > modulus_size => {
            return Err(Error::new(
                CKR_DATA_LEN_RANGE,
                "the data and its padding are longer than the modulus",
            ));
        }
        Scheme::RsaPss { digest: hash, .. } if digest.len() != hash.digest().size() => {
            return Err(Error::new(CKR_DATA_LEN_RANGE, "the data is not as long as the digest of PSS"));
        }
        Scheme::RsaPss { digest, .. } => Some(digest),
        _ => how.hash,
    };
    let algorithm = algorithm.map(|hash| hash.digest());
    let public = key.public();
    let block;
    let digest = match how.scheme {
        Scheme::RsaX509 => {
            block = whole_block(modulus_size, digest)?;
            &block
        }
        _ => digest,
    };
    let request = Request { key: &key.key, public: &public, digest, algorithm, message };
    let signature = match how.scheme {
        Scheme::Ecdsa => ecdsa::sign(&request).map(|ecdsa::Signature { r, s }| [r, s].concat()),
        Scheme::RsaPkcs => rsa::sign(&request, &Padding::Pkcs1),
        Scheme::RsaPss { mgf1, salt, .. } => {
            rsa::sign(&request, &Padding::Pss { salt, mgf1: Some(mgf1.digest()) })
        }
        Scheme::RsaX509 => rsa::sign(&request, &Padding::None),
    };
    signature.map_err(explain)
}

/// The block as long as the modulus: leading zeros may be left out (PKCS#11 2.40 §2.1.4 of its mechanisms).
fn whole_block(size: usize, block: &[u8]) -> Result<Vec<u8>> {
    let zeros = size.checked_sub(block.len()).ok_or_else(|| {
        Error::new(CKR_DATA_LEN_RANGE, format!("the block is longer than the modulus of {size} bytes"))
    })?;
    Ok([&vec![0; zeros], block].concat())
}
