//! TPMT_RSA_SCHEME, TPMT_ECC_SCHEME, TPMT_SIG_SCHEME and TPMT_RSA_DECRYPT (Part 2 §11.2): one type for all.

use super::{AlgId, HashAlg};
use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};
use std::fmt;

/// The scheme of an asymmetric key, or of one operation with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Scheme {
    /// No fixed scheme: the operation chooses.
    #[default]
    Null,
    /// RSA signature, PKCS#1 v1.5.
    Rsassa(HashAlg),
    /// RSA signature, PSS.
    Rsapss(HashAlg),
    /// RSA decryption, PKCS#1 v1.5.
    Rsaes,
    /// RSA decryption, OAEP.
    Oaep(HashAlg),
    /// ECDSA.
    Ecdsa(HashAlg),
    /// Anonymous attestation, with its counter.
    Ecdaa(HashAlg, u16),
    /// SM2 signature.
    Sm2(HashAlg),
    /// Schnorr signature.
    Ecschnorr(HashAlg),
    /// ECDH.
    Ecdh(HashAlg),
    /// Two-phase MQV.
    Ecmqv(HashAlg),
}

impl Scheme {
    /// Returns the TPM_ALG_ID.
    #[must_use]
    pub const fn id(self) -> AlgId {
        match self {
            Self::Null => AlgId::NULL,
            Self::Rsassa(_) => AlgId::RSASSA,
            Self::Rsapss(_) => AlgId::RSAPSS,
            Self::Rsaes => AlgId::RSAES,
            Self::Oaep(_) => AlgId::OAEP,
            Self::Ecdsa(_) => AlgId::ECDSA,
            Self::Ecdaa(..) => AlgId::ECDAA,
            Self::Sm2(_) => AlgId::SM2,
            Self::Ecschnorr(_) => AlgId::ECSCHNORR,
            Self::Ecdh(_) => AlgId::ECDH,
            Self::Ecmqv(_) => AlgId::ECMQV,
        }
    }

    /// Returns the fixed hash, if there is one.
    #[must_use]
    pub const fn hash(self) -> Option<HashAlg> {
        match self {
            Self::Null | Self::Rsaes => None,
            Self::Rsassa(hash)
            | Self::Rsapss(hash)
            | Self::Oaep(hash)
            | Self::Ecdsa(hash)
            | Self::Ecdaa(hash, _)
            | Self::Sm2(hash)
            | Self::Ecschnorr(hash)
            | Self::Ecdh(hash)
            | Self::Ecmqv(hash) => Some(hash),
        }
    }

    /// Returns true if an RSA key can have this scheme.
    #[must_use]
    pub const fn is_rsa(self) -> bool {
        matches!(self, Self::Null | Self::Rsassa(_) | Self::Rsapss(_) | Self::Rsaes | Self::Oaep(_))
    }

    /// Returns true if an elliptic-curve key can have this scheme.
    #[must_use]
    pub const fn is_ecc(self) -> bool {
        matches!(self, Self::Null) || !self.is_rsa()
    }
}

impl fmt::Display for Scheme {
    /// Writes the identifier and the hash: `TPM_ALG_RSAPSS sha256`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hash() {
            Some(hash) => write!(f, "{} {hash}", self.id()),
            None => write!(f, "{}", self.id()),
        }
    }
}

impl Marshal for Scheme {
    fn marshal(&self, w: &mut Writer) {
        self.id().marshal(w);
        if let Some(hash) = self.hash() {
            hash.marshal(w);
        }
        if let Self::Ecdaa(_, count) = *self {
            w.u16(count);
        }
    }
}

impl Unmarshal for Scheme {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let id = AlgId::unmarshal(r)?;
        let with: fn(HashAlg) -> Self = match id {
            AlgId::NULL => return Ok(Self::Null),
            AlgId::RSAES => return Ok(Self::Rsaes),
            AlgId::ECDAA => return Ok(Self::Ecdaa(HashAlg::unmarshal(r)?, r.u16()?)),
            AlgId::RSASSA => Self::Rsassa,
            AlgId::RSAPSS => Self::Rsapss,
            AlgId::OAEP => Self::Oaep,
            AlgId::ECDSA => Self::Ecdsa,
            AlgId::SM2 => Self::Sm2,
            AlgId::ECSCHNORR => Self::Ecschnorr,
            AlgId::ECDH => Self::Ecdh,
            AlgId::ECMQV => Self::Ecmqv,
            _ => return Err(unknown(id)),
        };
        HashAlg::unmarshal(r).map(with)
    }
}

impl Scheme {
    /// Reads the scheme of an RSA key.
    pub(super) fn unmarshal_rsa(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let scheme = Self::unmarshal(r)?;
        if scheme.is_rsa() { Ok(scheme) } else { Err(unknown(scheme.id())) }
    }

    /// Reads the scheme of an elliptic-curve key.
    pub(super) fn unmarshal_ecc(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let scheme = Self::unmarshal(r)?;
        if scheme.is_ecc() { Ok(scheme) } else { Err(unknown(scheme.id())) }
    }
}

fn unknown(id: AlgId) -> WireError {
    WireError::Unknown { what: "scheme of this kind of key", value: u32::from(id.0) }
}
