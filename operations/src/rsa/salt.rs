//! The salt length of the TPM's PSS signatures: as long as the digest, or as long as the modulus allows (TPM 2.0 Part 1 Annex B.7). No
//! capability shows which; a signature does.

use std::fmt;

use keyfile::{AlgId, Attributes, Public, Signature};

use super::{Padding, decrypts_anything, may_sign_by_decryption, modulus, modulus_bits};
use crate::public::opened;
use crate::signature::Request;
use crate::{Digest, Error, Kind, Private, PublicHalf, Result};

/// The length of the salt that a TPM uses for PSS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TpmSalt {
    /// The salt is as long as the digest.
    Digest,
    /// The salt is as long as the modulus and the digest allow.
    Max,
}

impl TpmSalt {
    /// Returns the value of OpenSSL's option `rsa_pss_saltlen`.
    #[must_use]
    pub const fn option_value(self) -> &'static str {
        match self {
            Self::Digest => "digest",
            Self::Max => "max",
        }
    }

    /// Returns the meaning of a length in bytes, if it is one of these.
    pub(super) fn of(length: usize, digest_size: usize, modulus_bits: usize) -> Option<Self> {
        match missing::salt::longest(digest_size, modulus_bits) {
            _ if length == digest_size => Some(Self::Digest),
            Ok(longest) if length == longest => Some(Self::Max),
            _ => None,
        }
    }
}

impl fmt::Display for TpmSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.option_value())
    }
}

/// The message of the trial signature. Its text states its purpose, so it cannot be mistaken.
const TRIAL: &[u8] = b"tpm2: this signature shows how long the salt of the TPM is";

/// Returns true if this crate pads for the key, so it can use any salt. If the TPM may forbid that and the key can also sign with
/// TPM2_Sign, one trial shows it: a certificate that names another salt length than its signature has is invalid.
///
/// # Errors
/// The TPM refuses the trial.
pub(super) fn is_free(
    key: &dyn Private,
    public: &dyn PublicHalf,
    padding: &Padding<'_>,
    digest: Option<Digest<'_>>,
) -> Result<bool> {
    let open = decrypts_anything(key.public()) && key.raw_rsa().is_none();
    if open && key.public().attributes.contains(Attributes::SIGN) {
        let Some(algorithm) = digest else { return Ok(true) };
        let modulus = modulus(key.public())?;
        match key.rsa_sign(&padding.block(public, modulus, &algorithm.of(TRIAL)?, digest)?) {
            Err(error) if key.raw_rsa().is_none() => return Err(error),
            _ => {}
        }
    }
    Ok(may_sign_by_decryption(key))
}

/// Returns the salt length of a trial signature.
///
/// # Errors
/// The TPM refuses, or its salt has another length.
pub(super) fn try_out(
    key: &dyn Private,
    public: &dyn PublicHalf,
    digest: Option<Digest<'_>>,
) -> Result<TpmSalt> {
    let no_digest = || Error::new(Kind::Digest, "a PSS signature of the TPM needs a digest");
    let algorithm = digest.ok_or_else(no_digest)?;
    let hash = algorithm.tpm_hash().ok_or_else(no_digest)?;
    let digest = algorithm.of(TRIAL)?;
    let request = Request { key, public, digest: &digest, algorithm: Some(algorithm), message: Some(TRIAL) };
    let answer = request.sign(&digest, hash, AlgId::RSAPSS)?;
    let Signature::Rsa { bytes, .. } = answer.value else { return Err(unknown()) };
    let length = of(public, key.public(), &bytes, algorithm, &digest)?.ok_or_else(unknown)?;
    TpmSalt::of(length, algorithm.size(), modulus_bits(modulus(key.public())?)).ok_or_else(unknown)
}

/// Returns the salt length of a PSS signature that TPM2_Sign made. Returns `None` if the signature is not valid.
///
/// # Errors
/// The software fails.
pub(super) fn of(
    half: &dyn PublicHalf,
    public: &Public,
    signature: &[u8],
    algorithm: Digest<'_>,
    digest: &[u8],
) -> Result<Option<usize>> {
    let Some(block) = opened(half, public, signature)? else { return Ok(None) };
    let (hasher, bits) = (algorithm.hasher(), modulus_bits(modulus(public)?));
    Ok(missing::pss::verify(hasher, digest, &block, hasher, bits).ok().map(|salt| salt.len()))
}

fn unknown() -> Error {
    let text =
        "the salt of this TPM's PSS signatures is neither as long as the digest nor as long as possible";
    Error::new(Kind::UnsupportedPadding, text).with_hint("set the length[ (rsa_pss_saltlen)]")
}
