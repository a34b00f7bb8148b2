//! Signs certificates and requests with a key in the TPM.

use asn1::{Asn1Write, ObjectIdentifier, oid};
use attestation::signature::to_bare;
use keyfile::{AlgId, Attributes, HashAlg, Public, PublicKey, Scheme, Signature};
use tpm::Key;

use crate::error::Error;

/// The opened key, and how it signs.
pub(crate) struct Signer {
    key: Key,
    /// What it cannot do in errors, such as `the CA key cannot sign certificates`.
    failure: &'static str,
    hash: HashAlg,
    /// The AlgorithmIdentifier of its signatures in DER.
    pub(crate) algorithm: Vec<u8>,
}

/// AlgorithmIdentifier (RFC 5280 §4.1.1.2).
#[derive(Asn1Write)]
struct AlgorithmIdentifier {
    algorithm: ObjectIdentifier,
    parameters: Option<asn1::Null>,
}

impl Signer {
    /// Chooses how the key signs. `failure` begins the errors, such as `the CA key cannot sign certificates`.
    ///
    /// # Errors
    /// X.509 has no such signatures.
    pub(crate) fn of(key: Key, failure: &'static str) -> Result<Self, Error> {
        let (hash, algorithm) = method(key.public(), failure)?;
        Ok(Self { key, failure, hash, algorithm })
    }

    /// Returns the hash that it signs with.
    pub(crate) fn hash(&self) -> HashAlg {
        self.hash
    }

    /// Signs, and returns the signature as it is in a certificate.
    ///
    /// # Errors
    /// The TPM refuses, for instance the password or the policy.
    pub(crate) fn sign(&self, content: &[u8]) -> Result<Vec<u8>, Error> {
        to_bare(&self.signature(content)?).map_err(|error| cannot_sign(self.failure, &error.to_string()))
    }

    /// Signs, and returns the numbers of the signature.
    ///
    /// # Errors
    /// As [`Self::sign`].
    pub(crate) fn signature(&self, content: &[u8]) -> Result<Signature, Error> {
        let Self { key, hash, .. } = self;
        let public = key.public();
        let scheme = match (&public.key, public.key.scheme()) {
            (PublicKey::Rsa { .. }, Some(Scheme::Null)) => AlgId::RSASSA,
            (_, Some(Scheme::Null)) => AlgId::ECDSA,
            _ => AlgId::NULL,
        };
        if public.attributes.contains(Attributes::RESTRICTED) {
            Ok(key.sign_message(content, *hash, scheme)?.value)
        } else if public.attributes.contains(Attributes::SIGN) {
            Ok(key.sign(&hash.digest(&[content]), *hash, scheme)?.value)
        } else {
            let bytes = self.by_decryption(content)?;
            Ok(Signature::Rsa { scheme: AlgId::RSASSA, hash: *hash, bytes })
        }
    }

    /// Signs with raw RSA: some TPMs refuse keys that sign and decrypt, and such a key has only the attribute decrypt.
    fn by_decryption(&self, content: &[u8]) -> Result<Vec<u8>, Error> {
        let PublicKey::Rsa { modulus, .. } = &self.key.public().key else {
            return Err(cannot_sign(self.failure, "its attribute sign is clear"));
        };
        let block = missing::pkcs1::encode_signature(
            missing::Digest::Sha256,
            &self.hash.digest(&[content]),
            modulus.len(),
        );
        let block = block.map_err(|error| cannot_sign(self.failure, &error.to_string()))?;
        Ok(self.key.rsa_sign(&block)?.value.to_vec())
    }
}

/// Returns the hash and the AlgorithmIdentifier: those of the key's scheme, or SHA-256, which every TPM supports.
fn method(public: &Public, failure: &str) -> Result<(HashAlg, Vec<u8>), Error> {
    let scheme = public.key.scheme().unwrap_or_default();
    let hash = scheme.hash().unwrap_or(HashAlg::Sha256);
    let (algorithm, parameters) = match (&public.key, scheme, hash) {
        (_, _, HashAlg::Sha1) => {
            return Err(cannot_sign(failure, "its scheme has the hash sha1, which OpenSSL refuses"));
        }
        (PublicKey::Rsa { .. }, Scheme::Null | Scheme::Rsassa(_), hash) => (rsa(hash), Some(())),
        (PublicKey::Ecc { .. }, Scheme::Null | Scheme::Ecdsa(_), hash) => (ecdsa(hash), None),
        _ => return Err(cannot_sign(failure, &format!("its scheme is {scheme}"))),
    };
    let der = asn1::write_single(&AlgorithmIdentifier { algorithm, parameters });
    Ok((hash, der.map_err(|error| cannot_sign(failure, &format!("{error:?}")))?))
}

/// shaNNNWithRSAEncryption (RFC 4055 §5).
fn rsa(hash: HashAlg) -> ObjectIdentifier {
    match hash {
        HashAlg::Sha384 => oid!(1, 2, 840, 113_549, 1, 1, 12),
        HashAlg::Sha512 => oid!(1, 2, 840, 113_549, 1, 1, 13),
        _ => oid!(1, 2, 840, 113_549, 1, 1, 11),
    }
}

/// ecdsa-with-SHANNN (RFC 5758 §3.2).
fn ecdsa(hash: HashAlg) -> ObjectIdentifier {
    match hash {
        HashAlg::Sha384 => oid!(1, 2, 840, 10_045, 4, 3, 3),
        HashAlg::Sha512 => oid!(1, 2, 840, 10_045, 4, 3, 4),
        _ => oid!(1, 2, 840, 10_045, 4, 3, 2),
    }
}

fn cannot_sign(failure: &str, why: &str) -> Error {
    Error::request(
        format!("{failure}: {why}"),
        "use an EC key (`tpm2-keytool create --ecc P-256`), or an RSA key without scheme",
    )
}
