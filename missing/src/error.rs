//! The errors of paddings: each message gives the cause, then the remedy.
use std::fmt;

/// The error of a [`Hasher`](crate::Hasher) or of a source of random bytes, kept as the [`source`](std::error::Error::source) of our error.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A source of random bytes, which fills the slice.
pub type Random<'a> = dyn FnMut(&mut [u8]) -> Result<(), Failure> + 'a;

/// Why a block could not be encoded or decoded.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// PKCS#1 v1.5 signatures support no digest with this name.
    UnknownDigest(String),
    /// A digest does not have the length of its algorithm.
    DigestLength {
        /// The length of the algorithm's digests, in bytes.
        expected: usize,
        /// The length of the given digest, in bytes.
        found: usize,
    },
    /// The input is too long for the key and the padding.
    TooLong {
        /// The maximum, in bytes.
        max: usize,
        /// The length of the input, in bytes.
        found: usize,
    },
    /// The key is too small for this padding and digest, whatever the message.
    ModulusTooSmall {
        /// The minimum size of the modulus, in bits.
        needed: usize,
        /// The size of this modulus, in bits.
        found: usize,
    },
    /// The key is too large for implicit rejection.
    ModulusTooLarge {
        /// The maximum size of the modulus, in bits.
        max: usize,
        /// The size of this modulus, in bits.
        found: usize,
    },
    /// The PSS salt is too long for the key and the digest.
    SaltTooLong {
        /// The maximum, in bytes.
        max: usize,
        /// The requested length, in bytes.
        asked: usize,
    },
    /// The text is not a PSS salt length.
    SaltLength(String),
    /// The block does not have the length of the modulus.
    BlockLength {
        /// The size of the modulus, in bytes.
        expected: usize,
        /// The length of the given block, in bytes.
        found: usize,
    },
    /// The padding is wrong. This is deliberately the only error for everything that can be wrong with a block.
    Padding,
    /// The caller's hash function failed.
    Hash(Failure),
    /// The caller's source of random bytes failed.
    Random(Failure),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownDigest(name) => write!(
                f,
                "PKCS#1 v1.5 signatures do not support the digest {name:?}: \
                 use SHA-256 or another of its family, or PSS"
            ),
            Self::DigestLength { expected, found } => write!(
                f,
                "the digest has {found} bytes instead of the {expected} of its algorithm: \
                 hash the data first, or name the digest that was used"
            ),
            Self::TooLong { max, found } => write!(
                f,
                "{found} bytes do not fit into this RSA key with this padding; at most {max} do: \
                 use a shorter input or a larger key"
            ),
            Self::ModulusTooSmall { needed, found } => write!(
                f,
                "an RSA key of {found} bits is too small for this padding and digest, which need {needed} bits: \
                 use a shorter digest or a larger key"
            ),
            Self::ModulusTooLarge { max, found } => write!(
                f,
                "an RSA key of {found} bits is too large for implicit rejection, which supports at most {max} bits: \
                 use a smaller key or OAEP"
            ),
            Self::SaltTooLong { max, asked } => write!(
                f,
                "a PSS salt of {asked} bytes does not fit; the maximum for this key and digest is {max}: \
                 use that length, or the salt length digest or max"
            ),
            Self::SaltLength(text) => write!(
                f,
                "{text:?} is not a PSS salt length: \
                 use digest, max, auto, auto-digestmax or a number of bytes"
            ),
            Self::BlockLength { expected, found } => write!(
                f,
                "a block of {found} bytes does not belong to an RSA key of {expected} bytes: \
                 use the key that made it"
            ),
            Self::Padding => f.write_str(
                "the padding is wrong: \
                 check that the sender used the same key, padding mode, digests and label",
            ),
            Self::Hash(_) => f.write_str(
                "a hash function failed in the padding: \
                 check that the digest and the MGF1 digest are enabled",
            ),
            Self::Random(_) => f.write_str(
                "cannot get random bytes for the padding: \
                 check the random number generator",
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Hash(failure) | Self::Random(failure) => Some(&**failure),
            _ => None,
        }
    }
}
