//! TPMT_SYM_DEF_OBJECT (Part 2 §11.1.7): the cipher of a parent, a cipher key or a session.

use super::AlgId;
use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};

/// A block cipher with key size and mode, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Symmetric {
    /// None.
    #[default]
    Null,
    /// A block cipher.
    Cipher {
        /// For example [`AlgId::AES`].
        algorithm: AlgId,
        /// The size of the key in bits.
        bits: u16,
        /// For example [`AlgId::CFB`]. A cipher key with [`AlgId::NULL`] accepts any mode.
        mode: AlgId,
    },
}

impl Symmetric {
    /// AES-128 in CFB mode, as in the storage templates of the TCG EK credential profile.
    pub const AES_128_CFB: Self = Self::Cipher { algorithm: AlgId::AES, bits: 128, mode: AlgId::CFB };
    /// AES-256 in CFB mode, as in high-range templates.
    pub const AES_256_CFB: Self = Self::Cipher { algorithm: AlgId::AES, bits: 256, mode: AlgId::CFB };
}

impl Marshal for Symmetric {
    fn marshal(&self, w: &mut Writer) {
        match *self {
            Self::Null => AlgId::NULL.marshal(w),
            Self::Cipher { algorithm, bits, mode } => {
                algorithm.marshal(w);
                w.u16(bits);
                mode.marshal(w);
            }
        }
    }
}

impl Unmarshal for Symmetric {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        match AlgId::unmarshal(r)? {
            AlgId::NULL => Ok(Self::Null),
            algorithm @ (AlgId::AES | AlgId::SM4 | AlgId::CAMELLIA | AlgId::TDES) => {
                Ok(Self::Cipher { algorithm, bits: r.u16()?, mode: AlgId::unmarshal(r)? })
            }
            other => Err(WireError::Unknown { what: "symmetric cipher", value: u32::from(other.0) }),
        }
    }
}
