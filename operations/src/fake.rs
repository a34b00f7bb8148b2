//! A fake TPM key: a software key with the answers, the peculiarities and the faults that a TPM can have. For tests only.

// In a fixture, a panic reports a failure, as clippy.toml says for tests.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod ec;
mod rsa;

use std::sync::Mutex;

use keyfile::{AlgId, Attributes, Curve, HashAlg, Kdf, Public, PublicKey, Scheme, Signature, Symmetric};
use missing::pkcs1::encryption;
use missing::{Hasher, Message, Oaep, SaltLength};
use tpm::{Answer, ErrorKind, RawRsa};
use zeroize::Zeroizing;

use crate::{Failure, Private, Result, digest};

/// The key, and the behavior of the fake TPM.
pub struct Fake {
    /// The public area.
    pub public: Public,
    /// True if it flips a bit in each result.
    pub faulty: bool,
    /// False if no session protects the result.
    pub authenticated: bool,
    /// The hashes that TPM2_Sign supports.
    pub hashes: &'static [HashAlg],
    /// True if it forbids raw RSA; the first use shows it.
    pub forbids_raw_rsa: bool,
    /// The salt length of its PSS signatures. Many chips use the maximum.
    pub salt: SaltLength,
    raw_rsa: Mutex<Option<RawRsa>>,
}

impl Fake {
    /// Creates an RSA key of 2048 bits, which may sign.
    #[must_use]
    pub fn rsa(scheme: Scheme, decrypts: bool) -> Self {
        let usage = if decrypts { Attributes::DECRYPT } else { Attributes::NONE };
        let symmetric = Symmetric::Null;
        let key = PublicKey::Rsa { symmetric, scheme, bits: 2048, exponent: 0, modulus: rsa::modulus() };
        Self::new(key, usage.union(Attributes::SIGN))
    }

    /// Creates a key on P-256, P-384 or P-521, which may sign and derive.
    #[must_use]
    pub fn ec(scheme: Scheme, curve: Curve) -> Self {
        let (x, y) = ec::public(curve);
        let key = PublicKey::Ecc { symmetric: Symmetric::Null, scheme, curve, kdf: Kdf::Null, x, y };
        Self::new(key, Attributes::SIGN.union(Attributes::DECRYPT))
    }

    fn new(key: PublicKey, attributes: Attributes) -> Self {
        Self {
            public: Public { name_alg: HashAlg::Sha256, attributes, auth_policy: Vec::new(), key },
            faulty: false,
            authenticated: true,
            hashes: &HashAlg::ALL,
            forbids_raw_rsa: false,
            salt: SaltLength::Max,
            raw_rsa: Mutex::default(),
        }
    }

    fn answer(&self, mut bytes: Vec<u8>) -> Answer<Zeroizing<Vec<u8>>> {
        self.damage(&mut bytes);
        Answer { value: Zeroizing::new(bytes), authenticated: self.authenticated }
    }

    fn damage(&self, bytes: &mut [u8]) {
        if let (true, Some(last)) = (self.faulty, bytes.last_mut()) {
            *last ^= 1;
        }
    }

    fn curve(&self) -> Curve {
        let PublicKey::Ecc { curve, .. } = self.public.key else { panic!("it is no EC key") };
        curve
    }
}

impl Private for Fake {
    fn public(&self) -> &Public {
        &self.public
    }

    fn rsa_sign(&self, block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>> {
        let allowed = if self.forbids_raw_rsa { RawRsa::Forbidden } else { RawRsa::Allowed };
        *self.raw_rsa.lock().unwrap() = Some(allowed);
        match allowed {
            RawRsa::Forbidden => Err(unsupported("TPM_RC_SCHEME").into()),
            RawRsa::Allowed => Ok(self.answer(rsa::private(block))),
        }
    }

    fn rsa_decrypt(&self, block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>> {
        self.rsa_sign(block)
    }

    fn rsa_decrypt_by_scheme(
        &self,
        block: &[u8],
        scheme: Scheme,
        label: &[u8],
    ) -> Result<Option<Answer<Zeroizing<Vec<u8>>>>> {
        let padded = rsa::private(block);
        let scheme = if scheme == Scheme::Null { self.public.key.scheme().unwrap() } else { scheme };
        let message = match scheme {
            Scheme::Rsaes => encryption::decode(&padded),
            Scheme::Oaep(hash) => Oaep { digest: &OfTpm(hash), mgf1: &OfTpm(hash), label }.decode(&padded),
            other => panic!("{other} does not decrypt"),
        };
        Ok(message.and_then(Message::reveal).ok().map(|message| self.answer(message.to_vec())))
    }

    fn raw_rsa(&self) -> Option<RawRsa> {
        *self.raw_rsa.lock().unwrap()
    }

    fn sign(&self, digest: &[u8], hash: HashAlg, scheme: AlgId) -> Result<Answer<Signature>> {
        if !self.hashes.contains(&hash) {
            return Err(unsupported("TPM_RC_HASH").into());
        }
        let fixed = self.public.key.scheme().filter(|fixed| *fixed != Scheme::Null);
        if fixed.is_some_and(|fixed| fixed.id() != scheme || fixed.hash() != Some(hash)) {
            return Err(unsupported("TPM_RC_SCHEME").into());
        }
        assert_eq!(digest.len(), hash.size(), "TPM 2.0 Part 3 §20.2: TPM_RC_SIZE");
        let mut value = match scheme {
            AlgId::ECDSA => {
                let (r, s) = ec::sign(self.curve(), digest);
                Signature::Ecc { scheme, hash, r, s }
            }
            AlgId::RSAPSS => {
                let salt = vec![0x5a; self.salt.for_signing(hash.size(), 2048).unwrap()];
                let block = missing::pss::encode(&OfTpm(hash), digest, &salt, &OfTpm(hash), 2048).unwrap();
                Signature::Rsa { scheme, hash, bytes: rsa::private(&block) }
            }
            _ => {
                let block = missing::pkcs1::encode_signature(digest::of_tpm(hash), digest, 256).unwrap();
                Signature::Rsa { scheme, hash, bytes: rsa::private(&block) }
            }
        };
        match &mut value {
            Signature::Ecc { s: bytes, .. } | Signature::Rsa { bytes, .. } => self.damage(bytes),
            _ => {}
        }
        Ok(Answer { value, authenticated: self.authenticated })
    }

    fn sign_message(&self, message: &[u8], hash: HashAlg, scheme: AlgId) -> Result<Answer<Signature>> {
        self.sign(&hash.digest(&[message]), hash, scheme)
    }

    fn ecdh_zgen(&self, x: &[u8], y: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>> {
        Ok(self.answer(ec::shared(self.curve(), &[&[4], x, y].concat())))
    }
}

fn unsupported(code: &'static str) -> tpm::Error {
    tpm::Error::new(ErrorKind::Unsupported, code)
}

/// A hash function of the TPM.
pub(crate) struct OfTpm(pub(crate) HashAlg);

impl Hasher for OfTpm {
    fn size(&self) -> usize {
        self.0.size()
    }

    fn hash(&self, parts: &[&[u8]], out: &mut [u8]) -> std::result::Result<(), Failure> {
        out.copy_from_slice(&self.0.digest(parts));
        Ok(())
    }
}
