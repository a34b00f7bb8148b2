//! The signature algorithms of certificates and requests. SHA-1 is not among them.

use rsa::RsaPublicKey;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::traits::PublicKeyParts;
use rustls_pki_types::alg_id::{
    ECDSA_P256, ECDSA_P384, ECDSA_P521, ECDSA_SHA256, ECDSA_SHA384, ECDSA_SHA512, RSA_ENCRYPTION,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512,
};
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};

use crate::signature::{from_bare, verify, verify_rsa};
use keyfile::{AlgId, Curve, HashAlg, Kdf, PublicKey, Scheme, Symmetric};

/// Authorities with shorter RSA keys are refused.
const MIN_BITS: usize = 2048;

/// An algorithm, and the type of key that it is used with.
#[derive(Debug)]
struct Algorithm {
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    /// None for RSA.
    curve: Option<Curve>,
    scheme: AlgId,
    hash: HashAlg,
}

impl Algorithm {
    const fn rsa(signature: AlgorithmIdentifier, scheme: AlgId, hash: HashAlg) -> Self {
        Self { key: RSA_ENCRYPTION, signature, curve: None, scheme, hash }
    }

    const fn ecdsa(
        (key, curve): (AlgorithmIdentifier, Curve),
        (signature, hash): (AlgorithmIdentifier, HashAlg),
    ) -> Self {
        Self { key, signature, curve: Some(curve), scheme: AlgId::ECDSA, hash }
    }
}

const P256: (AlgorithmIdentifier, Curve) = (ECDSA_P256, Curve::P256);
const P384: (AlgorithmIdentifier, Curve) = (ECDSA_P384, Curve::P384);
const P521: (AlgorithmIdentifier, Curve) = (ECDSA_P521, Curve::P521);
const WITH_SHA256: (AlgorithmIdentifier, HashAlg) = (ECDSA_SHA256, HashAlg::Sha256);
const WITH_SHA384: (AlgorithmIdentifier, HashAlg) = (ECDSA_SHA384, HashAlg::Sha384);
const WITH_SHA512: (AlgorithmIdentifier, HashAlg) = (ECDSA_SHA512, HashAlg::Sha512);

/// All algorithms.
pub(super) static ALL: &[&dyn SignatureVerificationAlgorithm] = &[
    &Algorithm::ecdsa(P256, WITH_SHA256),
    &Algorithm::ecdsa(P256, WITH_SHA384),
    &Algorithm::ecdsa(P256, WITH_SHA512),
    &Algorithm::ecdsa(P384, WITH_SHA256),
    &Algorithm::ecdsa(P384, WITH_SHA384),
    &Algorithm::ecdsa(P384, WITH_SHA512),
    &Algorithm::ecdsa(P521, WITH_SHA256),
    &Algorithm::ecdsa(P521, WITH_SHA384),
    &Algorithm::ecdsa(P521, WITH_SHA512),
    &Algorithm::rsa(RSA_PKCS1_SHA256, AlgId::RSASSA, HashAlg::Sha256),
    &Algorithm::rsa(RSA_PKCS1_SHA384, AlgId::RSASSA, HashAlg::Sha384),
    &Algorithm::rsa(RSA_PKCS1_SHA512, AlgId::RSASSA, HashAlg::Sha512),
    &Algorithm::rsa(RSA_PSS_SHA256, AlgId::RSAPSS, HashAlg::Sha256),
    &Algorithm::rsa(RSA_PSS_SHA384, AlgId::RSAPSS, HashAlg::Sha384),
    &Algorithm::rsa(RSA_PSS_SHA512, AlgId::RSAPSS, HashAlg::Sha512),
];

/// Returns true if the key has signed the message. The identifiers are the contents of AlgorithmIdentifier structures, without tag and
/// length.
pub(crate) fn is_signed(key: (&[u8], &[u8]), message: &[u8], signature: (&[u8], &[u8])) -> bool {
    let algorithm = ALL.iter().find(|algorithm| {
        (algorithm.public_key_alg_id().as_ref(), algorithm.signature_alg_id().as_ref())
            == (key.0, signature.0)
    });
    algorithm.is_some_and(|algorithm| algorithm.verify_signature(key.1, message, signature.1).is_ok())
}

impl SignatureVerificationAlgorithm for Algorithm {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let valid = match self.curve {
            None => RsaPublicKey::from_pkcs1_der(key).is_ok_and(|key| {
                key.n().bits() >= MIN_BITS && verify_rsa(&key, self.scheme, self.hash, message, signature)
            }),
            Some(curve) => self.is_ecdsa(curve, key, message, signature),
        };
        if valid { Ok(()) } else { Err(InvalidSignature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

impl Algorithm {
    fn is_ecdsa(&self, curve: Curve, point: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let coordinates =
            point.strip_prefix(&[4]).and_then(|rest| rest.split_at_checked(curve.field_bytes()));
        let Some((x, y)) = coordinates else { return false };
        let (symmetric, scheme, kdf) = (Symmetric::Null, Scheme::Null, Kdf::Null);
        let key = PublicKey::Ecc { symmetric, scheme, curve, kdf, x: x.to_vec(), y: y.to_vec() };
        from_bare(self.scheme, self.hash, signature).is_ok_and(|signature| verify(&key, message, &signature))
    }
}
