//! The padding of an encrypted message, as a type. It is read from the shadow operation.

use missing::pkcs1::tls;

use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::rsa_padding::{NONE, OAEP, PKCS1, TLS};
use crate::ffi::crypto::{Digest, Options, Pkey};
use crate::op::software;

/// A padding of EVP_ASYM_CIPHER-RSA(7ossl).
pub(super) enum Padding {
    /// PKCS#1 v1.5 (RFC 8017 §7.2). A wrong padding gives a synthetic message or an error.
    Pkcs1 { implicit_rejection: bool },
    /// OAEP (RFC 8017 §7.1).
    Oaep { digest: Digest, mgf1: Digest, label: Vec<u8> },
    /// No padding: the block is the message.
    None,
    /// The premaster secret of TLS 1.2 and earlier (RFC 5246 §7.4.7.1), with the versions that the caller
    /// set.
    Tls { client: Option<u16>, negotiated: Option<u16> },
}

impl Padding {
    /// Reads the padding from the options of an encryption.
    ///
    /// # Errors
    /// The padding is not for decryption, or a digest is unknown.
    pub(super) fn read(public: &Pkey, options: &mut Options<'_>, implicit_rejection: bool) -> Result<Self> {
        match options.int(c"pad-mode") {
            Some(PKCS1) => Ok(Self::Pkcs1 { implicit_rejection }),
            Some(NONE) => Ok(Self::None),
            Some(OAEP) => {
                let fetch = |name: &str| Digest::fetch(public.context(), name);
                let digest = fetch(options.text(c"digest").as_deref().unwrap_or("SHA1"))?;
                let mgf1 =
                    options.text(c"mgf1-digest").map_or_else(|| Ok(digest.clone()), |name| fetch(&name))?;
                Ok(Self::Oaep { digest, mgf1, label: options.bytes(c"oaep-label").unwrap_or_default() })
            }
            Some(TLS) => Ok(Self::Tls {
                client: version(options.uint(c"tls-client-version")),
                negotiated: version(options.uint(c"tls-negotiated-version")),
            }),
            other => {
                let number = other.unwrap_or_default();
                let text = format!("cannot decrypt with the RSA padding number {number}");
                Err(Error::new(Reason::Padding, text).with_hint("use the padding oaep, pkcs1 or none"))
            }
        }
    }

    /// Returns the padding for the crate `operations`.
    pub(super) fn of_operation(&self) -> operations::decryption::Padding<'_> {
        match self {
            Self::Pkcs1 { implicit_rejection } => {
                operations::decryption::Padding::Pkcs1 { implicit_rejection: *implicit_rejection }
            }
            Self::Oaep { digest, mgf1, label } => operations::decryption::Padding::Oaep {
                digest: software::digest(digest),
                mgf1: software::digest(mgf1),
                label,
            },
            Self::None => operations::decryption::Padding::None,
            Self::Tls { client, negotiated } => {
                operations::decryption::Padding::Tls { client: *client, negotiated: *negotiated }
            }
        }
    }

    /// The largest possible message. It depends on nothing secret.
    pub(super) fn longest(&self, public: &Pkey) -> usize {
        match self {
            Self::Tls { .. } => tls::PREMASTER,
            _ => public.size(),
        }
    }
}

/// Converts a protocol version; OpenSSL uses 0 if it is not set.
fn version(number: Option<u32>) -> Option<u16> {
    number.and_then(|number| u16::try_from(number).ok()).filter(|number| *number != 0)
}
