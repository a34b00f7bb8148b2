//! The padding of an RSA signature. `missing` builds the block.

use missing::SaltLength;

use super::modulus_bits;
use crate::{Digest, Error, Kind, PublicHalf, Result};

/// The padding of a signature.
#[derive(Clone, Copy)]
pub enum Padding<'a> {
    /// PKCS#1 v1.5, with a DigestInfo if a digest is named (RFC 8017 §9.2). Without one the bytes are padded as they are.
    Pkcs1,
    /// PSS (RFC 8017 §9.1).
    Pss {
        /// The requested salt length.
        salt: SaltLength,
        /// The digest of the mask generation function, if it differs from the digest of the message.
        mgf1: Option<Digest<'a>>,
    },
    /// No padding: the bytes are the block.
    None,
}

impl Padding<'_> {
    /// Returns true if the signer chooses the salt length. This is OpenSSL's default (−2 in 3.0, −4 since 3.1), and the value for a
    /// verification that takes the length from the signature.
    #[must_use]
    pub const fn leaves_salt_open(&self) -> bool {
        matches!(self, Self::Pss { salt: SaltLength::Auto | SaltLength::AutoDigestMax, .. })
    }

    /// Returns the block for the private operation, as long as the modulus.
    ///
    /// # Errors
    /// Digest, salt and modulus do not fit together.
    pub(super) fn block(
        &self,
        public: &dyn PublicHalf,
        modulus: &[u8],
        digest: &[u8],
        algorithm: Option<Digest<'_>>,
    ) -> Result<Vec<u8>> {
        let size = modulus.len();
        match (self, algorithm) {
            (Self::Pkcs1, None) => missing::pkcs1::encode_raw(digest, size).map_err(refused),
            (Self::Pkcs1, Some(algorithm)) => {
                let known = algorithm.known().map_err(refused)?;
                missing::pkcs1::encode_signature(known, digest, size).map_err(refused)
            }
            (Self::Pss { .. }, None) => Err(Error::new(Kind::Digest, "PSS needs a digest")
                .with_hint("set one[ (-pkeyopt digest:sha256)]")),
            (Self::Pss { salt, mgf1 }, Some(algorithm)) => {
                let bits = modulus_bits(modulus);
                let mut bytes = vec![0; salt.for_signing(algorithm.size(), bits).map_err(refused)?];
                public.random(&mut bytes).map_err(Error::caller)?;
                let mgf1 = mgf1.unwrap_or(algorithm);
                missing::pss::encode(algorithm.hasher(), digest, &bytes, mgf1.hasher(), bits).map_err(refused)
            }
            (Self::None, Some(_)) => Err(Error::new(Kind::Padding, "cannot sign a digest without padding")
                .with_hint("sign the whole block instead")),
            (Self::None, None) if digest.len() == size => Ok(digest.to_vec()),
            (Self::None, None) => {
                let text =
                    format!("without padding the input must have {size} bytes, but it has {}", digest.len());
                Err(Error::new(Kind::Padding, text))
            }
        }
    }
}

/// The error of a signature that cannot be padded.
pub(super) fn refused(error: missing::Error) -> Error {
    Error::new(Kind::Padding, "the signature cannot be padded").because(error)
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
