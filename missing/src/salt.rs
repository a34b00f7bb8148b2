//! The length of a PSS salt, in the words and numbers of OpenSSL's users.
use std::str::FromStr;

use crate::Error;

/// A PSS salt length as users specify it (`rsa_pss_saltlen`, `EVP_PKEY_CTX_set_rsa_pss_saltlen(3)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaltLength {
    /// As long as the digest (`digest`, −1). TLS 1.3 prescribes it (RFC 8446 §4.2.3).
    Digest,
    /// The length in the signature (`auto`, −2), which is meaningful only for verification. Signing uses the maximum.
    Auto,
    /// The maximum for the key and the digest (`max`, −3).
    Max,
    /// The maximum, but no longer than the digest (`auto-digestmax`, −4; OpenSSL 3.1 and later). FIPS 186-5 §5.4.
    AutoDigestMax,
    /// This number of bytes.
    Exactly(usize),
}

impl SaltLength {
    /// Returns the salt length in bytes of a signature with this modulus size (in bits) and digest size (in bytes).
    ///
    /// # Errors
    /// [`Error::ModulusTooSmall`] if the key and the digest leave no room for PSS, [`Error::SaltTooLong`] if the requested salt does not
    /// fit; the error contains the maximum.
    pub fn for_signing(self, digest_size: usize, modulus_bits: usize) -> Result<usize, Error> {
        let max = longest(digest_size, modulus_bits)?;
        let asked = match self {
            Self::Digest => digest_size,
            Self::Auto | Self::Max => max,
            Self::AutoDigestMax => digest_size.min(max),
            Self::Exactly(length) => length,
        };
        if asked > max { Err(Error::SaltTooLong { max, asked }) } else { Ok(asked) }
    }
}

/// Returns the maximum salt length for a modulus size (in bits) and a digest size (in bytes): emLen − hLen − 2 (RFC 8017 §9.1.1, step 3),
/// where emLen is one byte shorter than a modulus of 8 n + 1 bits.
///
/// # Errors
/// [`Error::ModulusTooSmall`] if not even an empty salt fits.
pub fn longest(digest_size: usize, modulus_bits: usize) -> Result<usize, Error> {
    let encoded = modulus_bits.saturating_sub(1).div_ceil(8);
    encoded.checked_sub(digest_size.saturating_add(2)).ok_or(Error::ModulusTooSmall {
        needed: digest_size.saturating_add(1).saturating_mul(8).saturating_add(2),
        found: modulus_bits,
    })
}

impl FromStr for SaltLength {
    type Err = Error;

    /// Parses `digest`, `auto`, `max`, `auto-digestmax`, or a number as in [`TryFrom<i32>`](Self#impl-TryFrom<i32>-for-SaltLength).
    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "digest" => Ok(Self::Digest),
            "auto" => Ok(Self::Auto),
            "max" => Ok(Self::Max),
            "auto-digestmax" => Ok(Self::AutoDigestMax),
            _ => text
                .parse::<i32>()
                .ok()
                .and_then(|number| Self::try_from(number).ok())
                .ok_or_else(|| Error::SaltLength(text.to_owned())),
        }
    }
}

impl TryFrom<i32> for SaltLength {
    type Error = Error;

    /// Converts a number of bytes, or one of OpenSSL's negative codes `RSA_PSS_SALTLEN_*`.
    fn try_from(number: i32) -> Result<Self, Error> {
        match number {
            -1 => Ok(Self::Digest),
            -2 => Ok(Self::Auto),
            -3 => Ok(Self::Max),
            -4 => Ok(Self::AutoDigestMax),
            _ => {
                usize::try_from(number).map(Self::Exactly).map_err(|_| Error::SaltLength(number.to_string()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_mean_the_same_as_in_openssl() {
        // 2048 bits, SHA-256: emLen is 256, the maximum is 256 - 32 - 2.
        for (text, bytes) in [
            ("digest", 32),
            ("-1", 32),
            ("auto", 222),
            ("-2", 222),
            ("max", 222),
            ("-3", 222),
            ("auto-digestmax", 32),
            ("-4", 32),
            ("0", 0),
            ("7", 7),
            ("222", 222),
        ] {
            let salt: SaltLength = text.parse().unwrap();
            assert_eq!(salt.for_signing(32, 2048).unwrap(), bytes, "{text}");
        }
    }

    #[test]
    fn too_long_salt_is_rejected_with_the_maximum() {
        let error = SaltLength::Exactly(223).for_signing(32, 2048).unwrap_err();
        assert!(matches!(error, Error::SaltTooLong { max: 222, asked: 223 }), "{error}");
        assert!(error.to_string().contains("222"), "{error}");
        // SHA-512 in RSA-1024 leaves 62 bytes, which is less than the digest. OpenSSL rejects it too.
        let error = SaltLength::Digest.for_signing(64, 1024).unwrap_err();
        assert!(matches!(error, Error::SaltTooLong { max: 62, asked: 64 }), "{error}");
        assert_eq!(SaltLength::AutoDigestMax.for_signing(64, 1024).unwrap(), 62);
    }

    #[test]
    fn modulus_of_8n_plus_1_bits_has_a_shorter_encoded_message() {
        assert_eq!(longest(32, 2041).unwrap(), 221);
        assert_eq!(longest(32, 2042).unwrap(), 222);
        assert_eq!(longest(64, 522).unwrap(), 0);
        assert!(matches!(longest(64, 521).unwrap_err(), Error::ModulusTooSmall { needed: 522, found: 521 }));
    }

    #[test]
    fn other_salt_lengths_are_rejected() {
        for text in ["", "Max", "-5", "7 ", "99999999999"] {
            assert!(
                matches!(text.parse::<SaltLength>(), Err(Error::SaltLength(found)) if found == text),
                "{text}"
            );
        }
    }
}
