//! TPMT_SIGNATURE (Part 2 §11.3.4).

use super::{AlgId, HashAlg};
use crate::wire::{Marshal, Reader, Unmarshal, WireError, Writer};

/// A signature in the TPM's form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// No signature: a policy in a file holds it as a placeholder.
    Null,
    /// An RSA signature.
    Rsa {
        /// [`AlgId::RSASSA`] or [`AlgId::RSAPSS`].
        scheme: AlgId,
        /// The hash that was signed.
        hash: HashAlg,
        /// The signature, as long as the modulus.
        bytes: Vec<u8>,
    },
    /// An elliptic-curve signature.
    Ecc {
        /// [`AlgId::ECDSA`], [`AlgId::ECDAA`], [`AlgId::SM2`] or [`AlgId::ECSCHNORR`].
        scheme: AlgId,
        /// The hash that was signed.
        hash: HashAlg,
        /// r, big-endian; leading zeros may be missing.
        r: Vec<u8>,
        /// s, big-endian; leading zeros may be missing.
        s: Vec<u8>,
    },
    /// An HMAC.
    Hmac {
        /// Its hash.
        hash: HashAlg,
        /// The HMAC, as long as the digest.
        digest: Vec<u8>,
    },
}

impl Marshal for Signature {
    fn marshal(&self, w: &mut Writer) {
        match self {
            Self::Null => AlgId::NULL.marshal(w),
            Self::Rsa { scheme, hash, bytes } => {
                scheme.marshal(w);
                hash.marshal(w);
                w.sized(bytes);
            }
            Self::Ecc { scheme, hash, r, s } => {
                scheme.marshal(w);
                hash.marshal(w);
                w.sized(r);
                w.sized(s);
            }
            Self::Hmac { hash, digest } => {
                AlgId::HMAC.marshal(w);
                hash.marshal(w);
                w.bytes(digest);
            }
        }
    }
}

impl Unmarshal for Signature {
    fn unmarshal(r: &mut Reader<'_>) -> Result<Self, WireError> {
        match AlgId::unmarshal(r)? {
            AlgId::NULL => Ok(Self::Null),
            scheme @ (AlgId::RSASSA | AlgId::RSAPSS) => {
                Ok(Self::Rsa { scheme, hash: HashAlg::unmarshal(r)?, bytes: r.sized()?.to_vec() })
            }
            scheme @ (AlgId::ECDSA | AlgId::ECDAA | AlgId::SM2 | AlgId::ECSCHNORR) => Ok(Self::Ecc {
                scheme,
                hash: HashAlg::unmarshal(r)?,
                r: r.sized()?.to_vec(),
                s: r.sized()?.to_vec(),
            }),
            AlgId::HMAC => {
                let hash = HashAlg::unmarshal(r)?;
                Ok(Self::Hmac { hash, digest: r.take(hash.size())?.to_vec() })
            }
            other => Err(WireError::Unknown { what: "signature scheme", value: u32::from(other.0) }),
        }
    }
}
