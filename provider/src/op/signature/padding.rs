//! The padding of an RSA signature, as a type. It is read from the shadow.

use missing::SaltLength;

use super::shadow::Shadow;
use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::Digest;
use crate::ffi::crypto::rsa_padding::{NONE, PKCS1, PSS, X931};
use crate::op::software;

/// A padding of EVP_SIGNATURE-RSA(7ossl).
pub(super) enum Padding {
    /// PKCS#1 v1.5, with a DigestInfo if a digest is named (RFC 8017 §9.2).
    Pkcs1,
    /// PSS (RFC 8017 §9.1).
    Pss {
        /// The requested salt length.
        salt: SaltLength,
        /// The digest of the mask generation function, if it differs from the digest of the message.
        mgf1: Option<Digest>,
    },
    /// No padding: the bytes are the block.
    None,
}

impl Padding {
    /// Reads the padding from the options of the shadow.
    ///
    /// # Errors
    /// TPM keys do not support the padding.
    pub(super) fn read(shadow: &mut Shadow) -> Result<Self> {
        let (public, has_salt_of_key) = (shadow.public().clone(), shadow.has_salt_of_key());
        let mut options = shadow.options()?;
        match options.int(c"pad-mode") {
            Some(PKCS1) => Ok(Self::Pkcs1),
            Some(NONE) => Ok(Self::None),
            Some(PSS) => {
                let salt = match has_salt_of_key {
                    true => SaltLength::Auto,
                    false => options.int(c"saltlen").unwrap_or(-1).try_into().map_err(refused)?,
                };
                let mgf1 = options.text(c"mgf1-digest");
                let mgf1 = mgf1.map(|name| Digest::fetch(public.context(), &name)).transpose()?;
                Ok(Self::Pss { salt, mgf1 })
            }
            Some(X931) => Err(unsupported("X9.31")),
            Some(other) => Err(unsupported(&format!("number {other}"))),
            None => Err(Error::new(Reason::Internal, "the padding mode is not known")),
        }
    }

    /// Returns the padding for the crate `operations`.
    pub(super) fn of_operation(&self) -> operations::rsa::Padding<'_> {
        match self {
            Self::Pkcs1 => operations::rsa::Padding::Pkcs1,
            Self::Pss { salt, mgf1 } => {
                operations::rsa::Padding::Pss { salt: *salt, mgf1: mgf1.as_ref().map(software::digest) }
            }
            Self::None => operations::rsa::Padding::None,
        }
    }
}

fn unsupported(what: &str) -> Error {
    Error::new(Reason::Padding, format!("TPM keys do not support the padding {what}"))
        .with_hint("use pkcs1, pss or none")
}

fn refused(error: missing::Error) -> Error {
    Error::new(Reason::Padding, "the signature cannot be padded").with_source(error)
}
