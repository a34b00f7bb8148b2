//! Errors before anything is sent: a key that cannot carry a secret, or no random bytes.

use std::fmt;

use keyfile::Curve;
use keyfile::wire::WireError;

/// The reason why a secret, a session value or a wrapped object could not be computed.
#[derive(Debug)]
pub enum CryptoError {
    /// The operating system gives no random bytes.
    Random(getrandom::Error),
    /// ECDH on this curve is not supported.
    Curve(Curve),
    /// The point of the public area is not on its curve.
    Point,
    /// Encryption with the RSA public key failed.
    Rsa(rsa::Error),
    /// The key is not a storage key: it is neither RSA nor EC, or has no AES-CFB cipher.
    NotStorage,
    /// There is no AES with keys of this many bytes.
    KeySize(usize),
    /// The object must not leave its TPM, or was made in one.
    Attributes,
    /// The digest of a policy cannot be computed.
    Policy(keyfile::policy::Error),
    /// A part is too long for its TPM structure.
    Wire(WireError),
}

impl fmt::Display for CryptoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random(cause) => write!(f, "the operating system gives no random bytes: {cause}"),
            Self::Curve(curve) => write!(
                f,
                "a key on curve {curve} cannot receive a secret; use one on P-256, P-384 or P-521, or an RSA key"
            ),
            Self::Point => {
                write!(f, "the public point of the key is not on its curve; its public area is damaged")
            }
            Self::Rsa(cause) => write!(f, "encryption to the RSA public key failed: {cause}"),
            Self::NotStorage => {
                write!(f, "the key is not a storage key (RSA or EC with AES-CFB); name one")
            }
            Self::KeySize(bytes) => {
                write!(f, "AES has no keys of {bytes} bytes; the public area is damaged")
            }
            Self::Attributes => write!(
                f,
                "only an object with fixedTPM, fixedParent, sensitiveDataOrigin and encryptedDuplication clear can be wrapped"
            ),
            Self::Policy(cause) => write!(f, "the policy digest cannot be computed: {cause}"),
            Self::Wire(cause) => write!(f, "a part does not fit its TPM structure: {cause}"),
        }
    }
}

impl std::error::Error for CryptoError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Policy(cause) => Some(cause),
            Self::Wire(cause) => Some(cause),
            // The errors of the two crates implement std::error::Error only with their `std` features. The text above contains all
            // they know.
            _ => None,
        }
    }
}

impl From<WireError> for CryptoError {
    fn from(cause: WireError) -> Self {
        Self::Wire(cause)
    }
}
