//! How long the salt of a PSS signature is: the words and numbers that OpenSSL's users say it with.
use std::str::FromStr;

use crate::Error;

/// A PSS salt length as users ask for it (`rsa_pss_saltlen`, `EVP_PKEY_CTX_set_rsa_pss_saltlen(3)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaltLength {
    /// As long as the digest (`digest`, −1). What TLS 1.3 prescribes (RFC 8446 §4.2.3).
    Digest,
    /// What the signature says (`auto`, −2), which has a meaning for verifying only; signing takes the longest.
    Auto,
    /// The longest that key and digest leave room for (`max`, −3).
    Max,
    /// The longest, but no longer than the digest (`auto-digestmax`, −4; OpenSSL 3.1 and later). FIPS 186-5 §5.4.
    AutoDigestMax,
    /// So many bytes.
    Exactly(usize),
}

impl SaltLength {
    /// The bytes of salt that a signature of this key (its modulus in bits) and digest (in bytes) gets.
    ///
    /// # Errors
    /// [`Error::ModulusTooSmall`] if key and digest leave no room for PSS at all, [`Error::SaltTooLong`] if the salt
    /// asked for does not fit; it says the longest.
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

/// The longest salt of a key (its modulus in bits) and a digest (in bytes): emLen − hLen − 2 (RFC 8017 §9.1.1,
/// step 3), where emLen is a byte shorter than the modulus if that has 8 n + 1 bits.
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

    /// `digest`, `auto`, `max`, `auto-digestmax`, or a number as in [`TryFrom<i32>`](Self#impl-TryFrom<i32>-for-SaltLength).
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

    /// A number of bytes, or one of OpenSSL's negative codes `RSA_PSS_SALTLEN_*`.
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
    fn words_and_numbers_mean_what_openssl_means() {
        // 2048 bits, SHA-256: emLen 256, longest 256 - 32 - 2.
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
    fn a_salt_that_is_too_long_is_told_the_longest() {
        let error = SaltLength::Exactly(223).for_signing(32, 2048).unwrap_err();
        assert!(matches!(error, Error::SaltTooLong { max: 222, asked: 223 }), "{error}");
        assert!(error.to_string().contains("222"), "{error}");
        // SHA-512 in RSA-1024 leaves 62 bytes: the digest's length does not fit, OpenSSL refuses it too.
        let error = SaltLength::Digest.for_signing(64, 1024).unwrap_err();
        assert!(matches!(error, Error::SaltTooLong { max: 62, asked: 64 }), "{error}");
        assert_eq!(SaltLength::AutoDigestMax.for_signing(64, 1024).unwrap(), 62);
    }

    #[test]
    fn a_modulus_of_one_bit_more_than_whole_bytes_loses_one() {
        assert_eq!(longest(32, 2041).unwrap(), 221);
        assert_eq!(longest(32, 2042).unwrap(), 222);
        assert_eq!(longest(64, 522).unwrap(), 0);
        assert!(matches!(longest(64, 521).unwrap_err(), Error::ModulusTooSmall { needed: 522, found: 521 }));
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        for text in ["", "Max", "-5", "7 ", "99999999999"] {
            assert!(
                matches!(text.parse::<SaltLength>(), Err(Error::SaltLength(found)) if found == text),
                "{text}"
            );
        }
    }
}
