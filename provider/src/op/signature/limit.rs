//! What TPM2_Sign cannot do with an RSA key, and what works instead. The TPM pads, with its own digests and its own salt.

use keyfile::{Attributes, HashAlg, Public};
use tpm::rc::ResponseCode;

use super::rsa::decrypts_anything;
use super::tpm_hash;
use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::Digest;
use crate::private::TpmSalt;

/// Why a key signs by TPM2_Sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// It may not decrypt, or not anything.
    Key,
    /// This TPM forbids raw RSA.
    Tpm,
}

impl Limit {
    /// The reason why this key does.
    ///
    /// # Errors
    /// The TPM forbids what the key may, and the key may do nothing else.
    pub(super) fn of(public: &Public) -> Result<Self> {
        match (decrypts_anything(public), public.attributes.contains(Attributes::SIGN)) {
            (false, _) => Ok(Self::Key),
            (true, true) => Ok(Self::Tpm),
            (true, false) => {
                let text = "this TPM forbids raw RSA and the key may only decrypt, so it cannot sign: use a key that may sign (tpm2-keytool create makes one)";
                Err(Error::new(Reason::WrongKey, text))
            }
        }
    }

    /// The hash of the TPM that is this digest.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn hash(self, digest: Option<&Digest>) -> Result<HashAlg> {
        let text = match self {
            Self::Key => {
                "this key signs by TPM2_Sign only, which takes sha1, sha256, sha384 and sha512; use one of these, or a key that may decrypt as well, where tpm2-keytool status shows raw RSA: yes"
            }
            Self::Tpm => {
                "this TPM forbids raw RSA and signs digests of sha1, sha256, sha384 and sha512 only: use one of these that it has, or an EC key (tpm2-keytool create -e P-256)"
            }
        };
        digest.and_then(tpm_hash).ok_or_else(|| Error::new(Reason::Digest, text))
    }

    /// The TPM refused: it may lack the hash.
    pub(super) fn refused(self, hash: HashAlg, error: Error) -> Error {
        if self == Self::Key || error.tpm_code().map(ResponseCode::base) != Some(ResponseCode::HASH) {
            return error;
        }
        let text = format!(
            "this TPM forbids raw RSA and does not sign {hash} itself: use another digest, such as sha256"
        );
        Error::new(Reason::Digest, text).with_source(error)
    }

    /// No padding was asked for.
    pub(super) fn no_padding(self) -> Error {
        padding(match self {
            Self::Key => {
                "this key signs by TPM2_Sign only, which pads by itself; signing without padding needs a key that may decrypt as well, where tpm2-keytool status shows raw RSA: yes"
            }
            Self::Tpm => {
                "this TPM forbids raw RSA, so its keys sign nothing without padding: use pkcs1 or pss (rsa_padding_mode), or a software key"
            }
        })
    }

    /// Another digest was asked for in MGF1.
    pub(super) fn mgf1(self) -> Error {
        padding(match self {
            Self::Key => {
                "this key signs by TPM2_Sign only, where MGF1 has the digest of the message; ask for the same, or use a key that may decrypt as well, where tpm2-keytool status shows raw RSA: yes"
            }
            Self::Tpm => {
                "this TPM forbids raw RSA and pads PSS itself, where MGF1 has the digest of the message: ask for the same (rsa_mgf1_md)"
            }
        })
    }

    /// Another salt was asked for.
    pub(super) fn salt(self, own: TpmSalt) -> Error {
        let own = own.word();
        padding(match self {
            Self::Key => format!(
                "this TPM signs PSS with a salt of its own length (rsa_pss_saltlen:{own}), not with the one that was asked for; ask for that or for auto, or use a key that may decrypt as well (it signs with any salt, where tpm2-keytool status shows raw RSA: yes)"
            ),
            Self::Tpm => format!(
                "this TPM forbids raw RSA and signs PSS with its own salt only: ask for rsa_pss_saltlen:{own} or auto, or use an EC key (tpm2-keytool create -e P-256)"
            ),
        })
    }
}

fn padding(text: impl Into<String>) -> Error {
    Error::new(Reason::Padding, text)
}
