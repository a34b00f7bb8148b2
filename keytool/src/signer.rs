//! A key in the TPM that signs certificates, requests for them, or messages.

use asn1::{Asn1Write, ObjectIdentifier, oid};
use keyfile::{AlgId, Attributes, HashAlg, Public, PublicKey, Scheme, Signature};
use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use tpm::{Auth, Key, Tpm};

use crate::check::subject::{Kind, Subject};
use crate::error::Error;
use crate::password::Secret;
use crate::persistent::password_missing;
use crate::reference;

/// The opened key, and how it signs.
pub(crate) struct Signer {
    /// What the key is, for messages.
    what: &'static str,
    key: Key,
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

/// Opens a key after `check` has seen its public half. `what` is the key in messages.
///
/// # Errors
/// There is no such key, or `check` refuses it.
pub(crate) fn open(
    tpm: &Tpm,
    what: &str,
    subject: &Subject,
    password: Option<&Secret>,
    check: impl Fn(&PublicKey) -> Result<(), Error>,
) -> Result<Key, Error> {
    let auth = password.map(|password| Auth::new(password.bytes()));
    match &subject.kind {
        Kind::File(file) => {
            check(&file.public.key)?;
            Ok(Key::from_file(tpm, (**file).clone(), auth)?)
        }
        Kind::Handle(handle, expected) => {
            if let Some(expected) = expected {
                check(&expected.key)?;
            }
            let key = Key::persistent(tpm, *handle, auth)?;
            check(&key.public().key)?;
            // The empty password counts as a wrong one. A key that needs a policy is refused when it is used.
            let by_password = key.public().attributes.contains(Attributes::USER_WITH_AUTH);
            if by_password && password.is_none() && !reference::has_no_password(tpm, *handle, key.public())? {
                return Err(password_missing(&format!("password of the {what}"), *handle));
            }
            Ok(key)
        }
        Kind::Nv(index) => Err(Error::request(
            format!("the NV index {index} cannot be used as {what}"),
            "give its key file, or make it persistent with `tpm2-keytool load`",
        )),
    }
}

impl Signer {
    /// Prepares an opened key for signing.
    ///
    /// # Errors
    /// It cannot sign with PKCS#1 v1.5 or ECDSA.
    pub(crate) fn new(what: &'static str, key: Key) -> Result<Self, Error> {
        let (hash, algorithm) = method(what, key.public())?;
        Ok(Self { what, key, hash, algorithm })
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
        match self.signature(content)? {
            Signature::Rsa { bytes, .. } => Ok(bytes),
            Signature::Ecc { r, s, .. } => {
                let number = BigNum::from_slice;
                let der = number(&r)
                    .and_then(|r| EcdsaSig::from_private_components(r, number(&s)?))
                    .and_then(|signature| signature.to_der());
                der.map_err(|errors| self.cannot_sign(&errors.to_string()))
            }
            _ => Err(self.cannot_sign("the TPM answered with a signature of another type")),
        }
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
            return Err(self.cannot_sign("its attribute sign is clear"));
        };
        let block = missing::pkcs1::encode_signature(
            missing::Digest::Sha256,
            &self.hash.digest(&[content]),
            modulus.len(),
        );
        let block = block.map_err(|error| self.cannot_sign(&error.to_string()))?;
        Ok(self.key.rsa_sign(&block)?.value.to_vec())
    }

    fn cannot_sign(&self, why: &str) -> Error {
        cannot_sign(self.what, why)
    }
}

/// Returns the hash and the AlgorithmIdentifier: those of the key's scheme, or SHA-256, which every TPM supports.
fn method(what: &str, public: &Public) -> Result<(HashAlg, Vec<u8>), Error> {
    let scheme = public.key.scheme().unwrap_or_default();
    let hash = scheme.hash().unwrap_or(HashAlg::Sha256);
    let (algorithm, parameters) = match (&public.key, scheme, hash) {
        (_, _, HashAlg::Sha1) => {
            return Err(cannot_sign(what, "its scheme has the hash sha1, which OpenSSL refuses"));
        }
        (PublicKey::Rsa { .. }, Scheme::Null | Scheme::Rsassa(_), hash) => (rsa(hash), Some(())),
        (PublicKey::Ecc { .. }, Scheme::Null | Scheme::Ecdsa(_), hash) => (ecdsa(hash), None),
        _ => return Err(cannot_sign(what, &format!("its scheme is {scheme}"))),
    };
    let der = asn1::write_single(&AlgorithmIdentifier { algorithm, parameters });
    Ok((hash, der.map_err(|error| cannot_sign(what, &format!("{error:?}")))?))
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

fn cannot_sign(what: &str, why: &str) -> Error {
    Error::request(
        format!("the {what} cannot sign: {why}"),
        "use an EC key (`tpm2-keytool create --ecc P-256`), or an RSA key without scheme",
    )
}
