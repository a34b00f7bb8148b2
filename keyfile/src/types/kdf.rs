//! TPMT_KDF_SCHEME (Part 2 §11.1.24, §11.2.3.4).

use super::{AlgId, HashAlg};
use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};

/// A key derivation function fixed to an elliptic-curve key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Kdf {
    /// None fixed.
    #[default]
    Null,
    /// MGF1 with a hash.
    Mgf1(HashAlg),
    /// Concatenation KDF of SP 800-56A.
    Kdf1Sp80056a(HashAlg),
    /// KDF2 of IEEE 1363a.
    Kdf2(HashAlg),
    /// Counter-mode KDF of SP 800-108.
    Kdf1Sp800108(HashAlg),
}

impl Marshal for Kdf {
    fn marshal(&self, w: &mut Writer) {
        let (id, hash) = match *self {
            Self::Null => return AlgId::NULL.marshal(w),
            Self::Mgf1(hash) => (AlgId::MGF1, hash),
            Self::Kdf1Sp80056a(hash) => (AlgId::KDF1_SP800_56A, hash),
            Self::Kdf2(hash) => (AlgId::KDF2, hash),
            Self::Kdf1Sp800108(hash) => (AlgId::KDF1_SP800_108, hash),
        };
        id.marshal(w);
        hash.marshal(w);
    }
}

impl Unmarshal for Kdf {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let id = AlgId::unmarshal(r)?;
        let with: fn(HashAlg) -> Self = match id {
            AlgId::NULL => return Ok(Self::Null),
            AlgId::MGF1 => Self::Mgf1,
            AlgId::KDF1_SP800_56A => Self::Kdf1Sp80056a,
            AlgId::KDF2 => Self::Kdf2,
            AlgId::KDF1_SP800_108 => Self::Kdf1Sp800108,
            _ => {
                return Err(WireError::Unknown { what: "key derivation function", value: u32::from(id.0) });
            }
        };
        HashAlg::unmarshal(r).map(with)
    }
}
