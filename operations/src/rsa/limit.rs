//! What TPM2_Sign cannot do with an RSA key, and the alternatives. The TPM pads with its own digests and its
//! own salt.

use std::borrow::Cow;

use keyfile::{Attributes, HashAlg, Public};
use tpm::rc::ResponseCode;

use super::{TpmSalt, decrypts_anything};
use crate::{Error, Kind, Result};

/// The reason why a key signs with TPM2_Sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// The key may not decrypt, or not everything.
    Key,
    /// This TPM forbids raw RSA.
    Tpm,
}

impl Limit {
    /// Returns the reason for this key.
    ///
    /// # Errors
    /// The TPM forbids raw RSA, and the key may not sign otherwise.
    pub(super) fn of(public: &Public) -> Result<Self> {
        match (decrypts_anything(public), public.attributes.contains(Attributes::SIGN)) {
            (false, _) => Ok(Self::Key),
            (true, true) => Ok(Self::Tpm),
            (true, false) => {
                let text = "this TPM forbids raw RSA and the key may only decrypt, so it cannot sign";
                Err(Error::new(Kind::WrongKey, text)
                    .with_hint("use a key that may sign (tpm2-keytool create makes one)"))
            }
        }
    }

    /// Returns the TPM's hash for the digest.
    ///
    /// # Errors
    /// The TPM has none.
    pub(super) fn hash(self, hash: Option<HashAlg>) -> Result<HashAlg> {
        let (text, hint) = match self {
            Self::Key => (
                "this key signs with TPM2_Sign only, which supports sha1, sha256, sha384 and sha512",
                "use one of these, or a key that may also decrypt on a TPM that allows raw RSA (tpm2-keytool status)",
            ),
            Self::Tpm => (
                "this TPM forbids raw RSA and signs digests of sha1, sha256, sha384 and sha512 only",
                "use one of these that it supports, or an EC key (tpm2-keytool create -e P-256)",
            ),
        };
        hash.ok_or_else(|| Error::new(Kind::Digest, text).with_hint(hint))
    }

    /// Explains a refusal of the TPM: it may lack the hash.
    pub(super) fn refused(self, hash: HashAlg, error: Error) -> Error {
        if self == Self::Key || code(&error).map(ResponseCode::base) != Some(ResponseCode::HASH) {
            return error;
        }
        let text = format!("this TPM forbids raw RSA and does not sign {hash} itself");
        Error::new(Kind::Digest, text).with_hint("use another digest, such as sha256").because(error)
    }

    /// The error for a signature without padding.
    pub(super) fn no_padding(self) -> Error {
        match self {
            Self::Key => padding("this key signs with TPM2_Sign only, which always pads", RAW_RSA),
            Self::Tpm => padding(
                "this TPM forbids raw RSA, so it cannot sign without padding",
                "use pkcs1 or pss[ (rsa_padding_mode)], or a software key",
            ),
        }
    }

    /// The error for another digest in MGF1.
    pub(super) fn mgf1(self) -> Error {
        match self {
            Self::Key => padding(
                "this key signs with TPM2_Sign only, which uses the digest of the message for MGF1",
                RAW_RSA_OR_DIGEST,
            ),
            Self::Tpm => padding(
                "this TPM forbids raw RSA and pads PSS itself, with the digest of the message for MGF1",
                "use the same digest[ (rsa_mgf1_md)]",
            ),
        }
    }

    /// The error for another salt length.
    pub(super) fn salt(self, own: TpmSalt) -> Error {
        match self {
            Self::Key => padding(
                format!("the TPM pads PSS for this key with its own salt length ({own})"),
                format!(
                    "use [rsa_pss_saltlen:]{own} or auto, or a key that may also decrypt on a TPM that allows raw RSA (tpm2-keytool status)"
                ),
            ),
            Self::Tpm => padding(
                format!("this TPM forbids raw RSA and pads PSS with its own salt length ({own})"),
                format!("use [rsa_pss_saltlen:]{own} or auto, or an EC key (tpm2-keytool create -e P-256)"),
            ),
        }
    }
}

/// Returns the response code, if the TPM refused.
fn code(error: &Error) -> Option<ResponseCode> {
    error.tpm()?.response_code().map(ResponseCode)
}

/// Hints for keys that may not decrypt.
const RAW_RSA: &str = "use a key that may also decrypt, on a TPM that allows raw RSA (tpm2-keytool status)";
const RAW_RSA_OR_DIGEST: &str =
    "use the same digest, or a key that may also decrypt on a TPM that allows raw RSA (tpm2-keytool status)";

fn padding(text: impl Into<Cow<'static, str>>, hint: impl Into<Cow<'static, str>>) -> Error {
    Error::new(Kind::UnsupportedPadding, text).with_hint(hint)
}
