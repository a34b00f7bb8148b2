//! The padding of an RSA signature, as a type. It is read from the shadow, and `missing` builds the block.

use missing::SaltLength;
use zeroize::Zeroizing;

use super::shadow::Shadow;
use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::rsa_padding::{NONE, PKCS1, PSS, X931};
use crate::ffi::crypto::{Digest, Pkey, random};

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

    /// Returns true if the signer chooses the salt length. This is OpenSSL's default (−2 in 3.0, −4 since
    /// 3.1), and the value for a verification that takes the length from the signature. A restricted key
    /// names a salt length that its TPM may not produce.
    pub(super) const fn leaves_salt_open(&self) -> bool {
        matches!(self, Self::Pss { salt: SaltLength::Auto | SaltLength::AutoDigestMax, .. })
    }

    /// Returns the block for the private operation, as long as the modulus.
    ///
    /// # Errors
    /// Digest, salt and modulus do not fit together.
    pub(super) fn block(&self, public: &Pkey, digest: &[u8], algorithm: Option<&Digest>) -> Result<Vec<u8>> {
        let bits = usize::try_from(public.bits()).unwrap_or_default();
        let size = public.size();
        match (self, algorithm) {
            (Self::Pkcs1, None) => missing::pkcs1::encode_raw(digest, size).map_err(refused),
            (Self::Pkcs1, Some(algorithm)) => {
                let known = algorithm.name().parse().map_err(refused)?;
                missing::pkcs1::encode_signature(known, digest, size).map_err(refused)
            }
            (Self::Pss { .. }, None) => Err(Error::new(Reason::Digest, "PSS needs a digest")
                .with_hint("set one (-pkeyopt digest:sha256)")),
            (Self::Pss { salt, mgf1 }, Some(algorithm)) => {
                let salt = salt.for_signing(algorithm.size(), bits).map_err(refused)?;
                let salt = random(public.context(), salt)?;
                let mgf1 = mgf1.as_ref().unwrap_or(algorithm);
                missing::pss::encode(algorithm, digest, &salt, mgf1, bits).map_err(refused)
            }
            (Self::None, Some(_)) => Err(Error::new(Reason::Padding, "cannot sign a digest without padding")
                .with_hint("sign the whole block instead")),
            (Self::None, None) if digest.len() == size => Ok(digest.to_vec()),
            (Self::None, None) => {
                let text =
                    format!("without padding the input must have {size} bytes, but it has {}", digest.len());
                Err(Error::new(Reason::Padding, text))
            }
        }
    }
}

/// OpenSSL's digests for the paddings of `missing`.
impl missing::Hasher for Digest {
    fn size(&self) -> usize {
        Self::size(self)
    }

    fn hash(&self, parts: &[&[u8]], out: &mut [u8]) -> std::result::Result<(), missing::error::Failure> {
        let digest = Zeroizing::new(self.of(parts)?);
        for (to, from) in out.iter_mut().zip(digest.iter()) {
            *to = *from;
        }
        Ok(())
    }
}

fn unsupported(what: &str) -> Error {
    Error::new(Reason::Padding, format!("TPM keys do not support the padding {what}"))
        .with_hint("use pkcs1, pss or none")
}

fn refused(error: missing::Error) -> Error {
    Error::new(Reason::Padding, "the signature cannot be padded").with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_salt_is_open_by_default_in_every_openssl() {
        for (number, open) in [(-1, false), (-2, true), (-3, false), (-4, true), (0, false), (32, false)] {
            let padding = Padding::Pss { salt: SaltLength::try_from(number).unwrap(), mgf1: None };
            assert_eq!(padding.leaves_salt_open(), open, "{number}");
        }
        assert!(!Padding::Pkcs1.leaves_salt_open());
    }
}
