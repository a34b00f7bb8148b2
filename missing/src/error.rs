//! What can go wrong with a padding: the cause, then what to do about it.
use std::fmt;

/// What a [`Hasher`](crate::Hasher) or a source of random bytes answers when it fails; kept as the
/// [`source`](std::error::Error::source) of the error.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A source of random bytes: fills the slice.
pub type Random<'a> = dyn FnMut(&mut [u8]) -> Result<(), Failure> + 'a;

/// Why a block was not made or not read.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// No digest of this name has a place in a PKCS#1 v1.5 signature.
    UnknownDigest(String),
    /// A digest value is not as long as its algorithm makes it.
    DigestLength {
        /// What the algorithm makes.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// The bytes to pad are longer than key and padding leave room for.
    TooLong {
        /// The room, in bytes.
        max: usize,
        /// What was given.
        found: usize,
    },
    /// The key is too small for this padding with this digest, whatever the message.
    ModulusTooSmall {
        /// The least size of a modulus, in bits.
        needed: usize,
        /// The size of this one, in bits.
        found: usize,
    },
    /// The key is larger than implicit rejection is defined for.
    ModulusTooLarge {
        /// The largest size of a modulus, in bits.
        max: usize,
        /// The size of this one, in bits.
        found: usize,
    },
    /// The PSS salt is longer than key and digest leave room for.
    SaltTooLong {
        /// The longest salt.
        max: usize,
        /// What was asked for.
        asked: usize,
    },
    /// Neither a word nor a number that names a PSS salt length.
    SaltLength(String),
    /// A block is not as long as the modulus.
    BlockLength {
        /// The size of the modulus, in bytes.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// The block is not a padded one. On purpose the only answer to all that can be wrong with it.
    Padding,
    /// The hash function that the caller handed in has failed.
    Hash(Failure),
    /// The source of random bytes that the caller handed in has failed.
    Random(Failure),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownDigest(name) => write!(
                f,
                "PKCS#1 v1.5 signatures have no place for the digest {name:?}: \
                 use SHA-256 or another of its family, or PSS"
            ),
            Self::DigestLength { expected, found } => write!(
                f,
                "the digest has {found} bytes where its algorithm makes {expected}: \
                 hash the data first, or name the digest that was used"
            ),
            Self::TooLong { max, found } => write!(
                f,
                "{found} bytes do not fit into this RSA key with this padding, which leave room for {max}: \
                 use a shorter input or a larger key"
            ),
            Self::ModulusTooSmall { needed, found } => write!(
                f,
                "an RSA key of {found} bits is too small for this padding and digest, which need {needed}: \
                 use a shorter digest or a larger key"
            ),
            Self::ModulusTooLarge { max, found } => write!(
                f,
                "an RSA key of {found} bits is too large for implicit rejection, which ends at {max}: \
                 use a smaller key or OAEP"
            ),
            Self::SaltTooLong { max, asked } => write!(
                f,
                "a PSS salt of {asked} bytes does not fit, {max} is the longest for this key and digest: \
                 use that, or the salt length digest or max"
            ),
            Self::SaltLength(text) => write!(
                f,
                "{text:?} is no PSS salt length: \
                 use digest, max, auto, auto-digestmax or a number of bytes"
            ),
            Self::BlockLength { expected, found } => write!(
                f,
                "a block of {found} bytes does not belong to an RSA key of {expected} bytes: \
                 use the key that made it"
            ),
            Self::Padding => f.write_str(
                "the padding is wrong: \
                 check that key, padding mode, digests and label are those of the sender",
            ),
            Self::Hash(_) => f.write_str(
                "a hash function failed inside the padding: \
                 check that the digest and the MGF1 digest are enabled",
            ),
            Self::Random(_) => f.write_str(
                "no random bytes for the padding: \
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
