//! Which algorithms are strong enough.

use keyfile::{AlgId, Curve, HashAlg, Public, PublicKey, Signature};

use crate::signature::is_key;

/// The allowed algorithms of keys and of the signatures of attestation keys.
#[derive(Debug, Clone)]
pub struct Algorithms {
    /// The least size of RSA keys.
    pub rsa_bits: u16,
    /// The curves.
    pub curves: Vec<Curve>,
    /// The hashes of Names and signatures.
    pub hashes: Vec<HashAlg>,
    /// The signature schemes.
    pub schemes: Vec<AlgId>,
}

impl Default for Algorithms {
    /// RSA from 2048 bits, the curves of NIST, and SHA-2.
    fn default() -> Self {
        Self {
            rsa_bits: 2048,
            curves: vec![Curve::P256, Curve::P384, Curve::P521],
            hashes: vec![HashAlg::Sha256, HashAlg::Sha384, HashAlg::Sha512],
            schemes: vec![AlgId::RSASSA, AlgId::RSAPSS, AlgId::ECDSA],
        }
    }
}

impl Algorithms {
    /// Checks the type and size of a key, and that it is one.
    pub(super) fn check_key(&self, key: &PublicKey) -> Result<(), String> {
        let exponent_allowed = |exponent| [0, PublicKey::DEFAULT_EXPONENT].contains(&exponent);
        match key {
            PublicKey::Rsa { bits, .. } if *bits < self.rsa_bits => {
                Err(format!("RSA with {bits} bits is too short"))
            }
            PublicKey::Rsa { exponent, .. } if !exponent_allowed(*exponent) => {
                Err(format!("the RSA exponent {exponent} is not allowed"))
            }
            PublicKey::Ecc { curve, .. } if !self.curves.contains(curve) => {
                Err(format!("the curve {curve} is not allowed"))
            }
            key if !is_key(key) => Err("it is not a valid RSA or EC public key".into()),
            _ => Ok(()),
        }
    }

    /// Checks a public area: its key, and the hash of its Name.
    pub(super) fn check_area(&self, area: &Public) -> Result<(), String> {
        match self.hashes.contains(&area.name_alg) {
            true => self.check_key(&area.key),
            false => Err(format!("the Name is a digest with {}, which is not allowed", area.name_alg)),
        }
    }

    /// Checks the scheme and the hash of a signature.
    pub(super) fn check_signature(&self, signature: &Signature) -> Result<(), String> {
        let (scheme, hash) = match signature {
            Signature::Rsa { scheme, hash, .. } | Signature::Ecc { scheme, hash, .. } => (*scheme, *hash),
            Signature::Null | Signature::Hmac { .. } => {
                return Err("it is not an asymmetric signature".into());
            }
        };
        match self.schemes.contains(&scheme) && self.hashes.contains(&hash) {
            true => Ok(()),
            false => Err(format!("a signature with {scheme} and {hash} is not allowed")),
        }
    }
}
