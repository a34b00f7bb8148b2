//! TPMT_KEYEDHASH_SCHEME (Part 2 §11.1.20).

use super::{AlgId, HashAlg};
use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};

/// The scheme of a keyed-hash object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum KeyedHashScheme {
    /// None: sealed data, or the operation chooses.
    #[default]
    Null,
    /// HMAC.
    Hmac(HashAlg),
    /// XOR obfuscation.
    Xor {
        /// Its hash.
        hash: HashAlg,
        /// Its key derivation function, such as [`AlgId::KDF1_SP800_108`].
        kdf: AlgId,
    },
}

impl Marshal for KeyedHashScheme {
    fn marshal(&self, w: &mut Writer) {
        match self {
            Self::Null => AlgId::NULL.marshal(w),
            Self::Hmac(hash) => {
                AlgId::HMAC.marshal(w);
                hash.marshal(w);
            }
            Self::Xor { hash, kdf } => {
                AlgId::XOR.marshal(w);
                hash.marshal(w);
                kdf.marshal(w);
            }
        }
    }
}

impl Unmarshal for KeyedHashScheme {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        match AlgId::unmarshal(r)? {
            AlgId::NULL => Ok(Self::Null),
            AlgId::HMAC => HashAlg::unmarshal(r).map(Self::Hmac),
            AlgId::XOR => Ok(Self::Xor { hash: HashAlg::unmarshal(r)?, kdf: AlgId::unmarshal(r)? }),
            other => Err(WireError::Unknown { what: "keyed-hash scheme", value: u32::from(other.0) }),
        }
    }
}
