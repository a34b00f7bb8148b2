//! The digests that OpenSSL uses in PKCS#1 v1.5 signatures, found by any of OpenSSL's names for them.
use std::{fmt, str::FromStr};

use crate::Error;

/// A digest that a PKCS#1 v1.5 signature can contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Digest {
    /// MD2, found only in old signatures.
    Md2,
    /// MD4.
    Md4,
    /// MD5.
    Md5,
    /// MD5 followed by SHA-1 of the same data: TLS 1.0 and 1.1.
    Md5Sha1,
    /// MDC-2 with DES (ISO/IEC 10118-2).
    Mdc2,
    /// RIPEMD-160.
    Ripemd160,
    /// SHA-1.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA-512/224.
    Sha512_224,
    /// SHA-512/256.
    Sha512_256,
    /// SHA3-224.
    Sha3_224,
    /// SHA3-256.
    Sha3_256,
    /// SHA3-384.
    Sha3_384,
    /// SHA3-512.
    Sha3_512,
    /// SM3 (GB/T 32905).
    Sm3,
}

impl Digest {
    /// All digests.
    pub const ALL: [Self; 18] = [
        Self::Md2,
        Self::Md4,
        Self::Md5,
        Self::Md5Sha1,
        Self::Mdc2,
        Self::Ripemd160,
        Self::Sha1,
        Self::Sha224,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
        Self::Sha512_224,
        Self::Sha512_256,
        Self::Sha3_224,
        Self::Sha3_256,
        Self::Sha3_384,
        Self::Sha3_512,
        Self::Sm3,
    ];

    /// Returns the digest with this name: a name of OpenSSL's provider algorithms or older tables, or the dotted object identifier. Case is
    /// ignored, as in `EVP_MD_fetch(3)`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|digest| digest.names().iter().any(|known| known.eq_ignore_ascii_case(name)))
    }

    /// Returns the first name in OpenSSL's providers, as `EVP_MD_get0_name(3)` does.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.names().first().copied().unwrap_or_default()
    }

    /// Returns all names: [`name`](Self::name) first, the object identifier second.
    ///
    /// The rest are the names that `openssl list -digest-algorithms -verbose` lists, then those that only `EVP_get_digestbyname(3)` knows.
    #[must_use]
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Md2 => &["MD2", "1.2.840.113549.2.2", "RSA-MD2", "md2WithRSAEncryption"],
            Self::Md4 => &["MD4", "1.2.840.113549.2.4", "RSA-MD4", "md4WithRSAEncryption"],
            Self::Md5 => &["MD5", "1.2.840.113549.2.5", "SSL3-MD5", "RSA-MD5", "md5WithRSAEncryption"],
            Self::Md5Sha1 => &["MD5-SHA1"],
            Self::Mdc2 => &["MDC2", "2.5.8.3.101", "RSA-MDC2", "mdc2WithRSA"],
            Self::Ripemd160 => &[
                "RIPEMD-160",
                "1.3.36.3.2.1",
                "RIPEMD160",
                "RIPEMD",
                "RMD160",
                "RSA-RIPEMD160",
                "ripemd160WithRSA",
            ],
            Self::Sha1 => &[
                "SHA1",
                "1.3.14.3.2.26",
                "SHA-1",
                "SSL3-SHA1",
                "RSA-SHA1",
                "RSA-SHA1-2",
                "sha1WithRSAEncryption",
            ],
            Self::Sha224 => &[
                "SHA2-224",
                "2.16.840.1.101.3.4.2.4",
                "SHA-224",
                "SHA224",
                "RSA-SHA224",
                "sha224WithRSAEncryption",
            ],
            Self::Sha256 => &[
                "SHA2-256",
                "2.16.840.1.101.3.4.2.1",
                "SHA-256",
                "SHA256",
                "RSA-SHA256",
                "sha256WithRSAEncryption",
            ],
            Self::Sha384 => &[
                "SHA2-384",
                "2.16.840.1.101.3.4.2.2",
                "SHA-384",
                "SHA384",
                "RSA-SHA384",
                "sha384WithRSAEncryption",
            ],
            Self::Sha512 => &[
                "SHA2-512",
                "2.16.840.1.101.3.4.2.3",
                "SHA-512",
                "SHA512",
                "RSA-SHA512",
                "sha512WithRSAEncryption",
            ],
            Self::Sha512_224 => &[
                "SHA2-512/224",
                "2.16.840.1.101.3.4.2.5",
                "SHA-512/224",
                "SHA512-224",
                "RSA-SHA512/224",
                "sha512-224WithRSAEncryption",
            ],
            Self::Sha512_256 => &[
                "SHA2-512/256",
                "2.16.840.1.101.3.4.2.6",
                "SHA-512/256",
                "SHA512-256",
                "RSA-SHA512/256",
                "sha512-256WithRSAEncryption",
            ],
            Self::Sha3_224 => {
                &["SHA3-224", "2.16.840.1.101.3.4.2.7", "RSA-SHA3-224", "id-rsassa-pkcs1-v1_5-with-sha3-224"]
            }
            Self::Sha3_256 => {
                &["SHA3-256", "2.16.840.1.101.3.4.2.8", "RSA-SHA3-256", "id-rsassa-pkcs1-v1_5-with-sha3-256"]
            }
            Self::Sha3_384 => {
                &["SHA3-384", "2.16.840.1.101.3.4.2.9", "RSA-SHA3-384", "id-rsassa-pkcs1-v1_5-with-sha3-384"]
            }
            Self::Sha3_512 => {
                &["SHA3-512", "2.16.840.1.101.3.4.2.10", "RSA-SHA3-512", "id-rsassa-pkcs1-v1_5-with-sha3-512"]
            }
            Self::Sm3 => &["SM3", "1.2.156.10197.1.401", "RSA-SM3", "sm3WithRSAEncryption"],
        }
    }

    /// Returns the size of the digest in bytes.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Md2 | Self::Md4 | Self::Md5 | Self::Mdc2 => 16,
            Self::Ripemd160 | Self::Sha1 => 20,
            Self::Sha224 | Self::Sha512_224 | Self::Sha3_224 => 28,
            Self::Sha256 | Self::Sha512_256 | Self::Sha3_256 | Self::Sm3 => 32,
            Self::Md5Sha1 => 36,
            Self::Sha384 | Self::Sha3_384 => 48,
            Self::Sha512 | Self::Sha3_512 => 64,
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Digest {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::from_name(name).ok_or_else(|| Error::UnknownDigest(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_openssl_names_are_found() {
        for (name, digest) in [
            ("sha256", Digest::Sha256),
            ("SHA2-256", Digest::Sha256),
            ("SHA-256", Digest::Sha256),
            ("RSA-SHA256", Digest::Sha256),
            ("sha256WithRSAEncryption", Digest::Sha256),
            ("2.16.840.1.101.3.4.2.1", Digest::Sha256),
            ("ssl3-sha1", Digest::Sha1),
            ("rmd160", Digest::Ripemd160),
            ("sha512-256", Digest::Sha512_256),
            ("SHA-512/256", Digest::Sha512_256),
            ("md5-sha1", Digest::Md5Sha1),
        ] {
            assert_eq!(Digest::from_name(name), Some(digest), "{name}");
        }
    }

    #[test]
    fn unsupported_digest_is_rejected_by_name() {
        for name in ["", "SHAKE256", "BLAKE2b512", "whirlpool", "SHA", "SHA2-2561"] {
            let error = name.parse::<Digest>().unwrap_err();
            assert!(error.to_string().contains(&format!("{name:?}")), "{error}");
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> =
            Digest::ALL.iter().flat_map(|digest| digest.names()).map(|n| n.to_lowercase()).collect();
        names.sort();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
