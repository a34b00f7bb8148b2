//! A fake TPM key: a software key with the answers, the peculiarities and the faults that a TPM can have.

use std::sync::{Arc, Mutex, OnceLock};

use keyfile::{AlgId, Attributes, Curve, HashAlg, Kdf, Public, PublicKey, Scheme, Signature, Symmetric};
use tpm::RawRsa;
use zeroize::Zeroizing;

use super::Request;
use super::shadow::Shadow;
use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::{Digest, Generator, Operation, Pkey, PrivateContext, Purpose, Selection};
use crate::ffi::params::{ParamList, Params};
use crate::private::{Answer, Private};

/// The private context of these tests.
pub(super) fn context() -> Arc<PrivateContext> {
    static CONTEXT: OnceLock<Arc<PrivateContext>> = OnceLock::new();
    Arc::clone(CONTEXT.get_or_init(PrivateContext::for_tests))
}

/// The key, and the behavior of the fake TPM.
pub(super) struct Fake {
    pub(super) key: Pkey,
    pub(super) public: Public,
    /// Flips a bit in each result.
    pub(super) faulty: bool,
    /// False: no session protects the result.
    pub(super) authenticated: bool,
    /// The hashes that TPM2_Sign supports.
    pub(super) hashes: &'static [HashAlg],
    /// Forbids raw RSA; the first use shows it.
    pub(super) forbids_raw_rsa: bool,
    pub(super) raw_rsa: Mutex<Option<RawRsa>>,
    /// The salt length of its PSS signatures. Many chips use the maximum.
    pub(super) salt: &'static str,
}

impl Fake {
    pub(super) fn rsa(scheme: Scheme, decrypts: bool) -> Self {
        static KEY: OnceLock<Pkey> = OnceLock::new();
        let key = KEY.get_or_init(|| generate(c"RSA", |list| list.int(c"bits", 2048))).clone();
        let modulus = key.unsigned(c"n").unwrap();
        let usage = if decrypts { Attributes::DECRYPT } else { Attributes::NONE };
        let public = PublicKey::Rsa { symmetric: Symmetric::Null, scheme, bits: 2048, exponent: 0, modulus };
        Self::new(key, public, usage.union(Attributes::SIGN))
    }

    pub(super) fn ec(scheme: Scheme, curve: Curve) -> Self {
        let key = generate(c"EC", |list| list.text(c"group", curve.openssl_name().unwrap()));
        let public = PublicKey::Ecc {
            symmetric: Symmetric::Null,
            scheme,
            curve,
            kdf: Kdf::Null,
            x: Vec::new(),
            y: Vec::new(),
        };
        Self::new(key, public, Attributes::SIGN)
    }

    fn new(key: Pkey, public: PublicKey, attributes: Attributes) -> Self {
        let public = Public { name_alg: HashAlg::Sha256, attributes, auth_policy: Vec::new(), key: public };
        Self {
            key,
            public,
            faulty: false,
            authenticated: true,
            hashes: &HashAlg::ALL,
            forbids_raw_rsa: false,
            raw_rsa: Mutex::default(),
            salt: "max",
        }
    }

    /// Signs a message, or bytes without a digest, as a context does.
    pub(super) fn sign<S: super::Scheme>(
        &self,
        digest: Option<&str>,
        message: &[u8],
        options: &mut ParamList,
    ) -> Result<Vec<u8>> {
        let Some(name) = digest else { return self.sign_digest::<S>(None, message, None, options) };
        let bytes = Digest::fetch(self.key.context(), name)?.of(&[message])?;
        self.sign_digest::<S>(digest, &bytes, Some(message), options)
    }

    /// Signs a digest that the caller computed.
    pub(super) fn sign_digest<S: super::Scheme>(
        &self,
        name: Option<&str>,
        digest: &[u8],
        message: Option<&[u8]>,
        options: &mut ParamList,
    ) -> Result<Vec<u8>> {
        let algorithm = name.map(|name| Digest::fetch(self.key.context(), name)).transpose()?;
        let mut shadow = Shadow::new(self.key.clone(), algorithm.clone());
        shadow.set(options.as_params())?;
        let (key, public, algorithm) = (self, &self.key, algorithm.as_ref());
        S::sign(Request { key, public, shadow: &mut shadow, digest, algorithm, message })
    }

    /// Returns a verification with these options.
    pub(super) fn verification(&self, digest: Option<&str>, options: &mut ParamList) -> Result<Operation> {
        let mut shadow = Operation::new(&self.key, Purpose::Verify, Params::none())?;
        if let Some(digest) = digest {
            let mut list = ParamList::new();
            shadow.options().set(list.text(c"digest", digest).as_params())?;
        }
        shadow.options().set(options.as_params())?;
        Ok(shadow)
    }

    fn answer<T>(&self, value: T) -> Answer<T> {
        Answer { value, authenticated: self.authenticated }
    }

    fn fault(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        if let (true, Some(last)) = (self.faulty, bytes.last_mut()) {
            *last ^= 1;
        }
        bytes
    }

    fn knows(&self, hash: HashAlg) -> Result<()> {
        let unknown = || Error::new(Reason::TpmUnsupported, "TPM_RC_HASH");
        self.hashes.contains(&hash).then_some(()).ok_or_else(unknown)
    }
}

impl Private for Fake {
    fn public(&self) -> &Public {
        &self.public
    }

    fn rsa_decrypt(&self, _block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>> {
        Err(Error::new(Reason::Unsupported, "not needed"))
    }

    fn rsa_decrypt_by_scheme(
        &self,
        _block: &[u8],
        _scheme: Scheme,
        _label: &[u8],
    ) -> Result<Option<Answer<Zeroizing<Vec<u8>>>>> {
        Err(Error::new(Reason::Unsupported, "not needed"))
    }

    fn raw_rsa(&self) -> Option<RawRsa> {
        *self.raw_rsa.lock().unwrap()
    }

    fn rsa_sign(&self, block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>> {
        *self.raw_rsa.lock().unwrap() =
            Some(if self.forbids_raw_rsa { RawRsa::Forbidden } else { RawRsa::Allowed });
        if self.forbids_raw_rsa {
            return Err(Error::new(Reason::TpmUnsupported, "TPM_RC_SCHEME"));
        }
        let mut list = ParamList::new();
        let params = list.text(c"pad-mode", "none").as_params();
        let mut result = Operation::new(&self.key, Purpose::Decrypt, params)?.decrypt(block)?;
        Ok(self.answer(Zeroizing::new(self.fault(std::mem::take(&mut *result)))))
    }

    fn sign(&self, digest: &[u8], hash: HashAlg, scheme: AlgId) -> Result<Answer<Signature>> {
        self.knows(hash)?;
        let fixed = self.public.key.scheme().filter(|fixed| *fixed != Scheme::Null);
        if fixed.is_some_and(|fixed| fixed.id() != scheme || fixed.hash() != Some(hash)) {
            return Err(Error::new(Reason::TpmUnsupported, "TPM_RC_SCHEME"));
        }
        assert_eq!(digest.len(), hash.size(), "TPM 2.0 Part 3 §20.2: TPM_RC_SIZE");
        let mut list = ParamList::new();
        if scheme == AlgId::RSAPSS {
            list.text(c"pad-mode", "pss").text(c"saltlen", self.salt);
        }
        if scheme != AlgId::ECDSA {
            list.text(c"digest", hash.name());
        }
        let bytes = Operation::new(&self.key, Purpose::Sign, list.as_params())?.sign(digest)?;
        let value = if scheme == AlgId::ECDSA {
            let [r, s] = super::der::numbers(&bytes);
            Signature::Ecc { scheme, hash, r, s: self.fault(s) }
        } else {
            Signature::Rsa { scheme, hash, bytes: self.fault(bytes) }
        };
        Ok(self.answer(value))
    }

    fn sign_message(&self, message: &[u8], hash: HashAlg, scheme: AlgId) -> Result<Answer<Signature>> {
        Private::sign(self, &hash.digest(&[message]), hash, scheme)
    }

    fn ecdh_zgen(&self, _x: &[u8], _y: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>> {
        Err(Error::new(Reason::Unsupported, "not needed"))
    }
}

fn generate(algorithm: &std::ffi::CStr, set: impl Fn(&mut ParamList) -> &mut ParamList) -> Pkey {
    let mut generator = Generator::new(&context(), algorithm, Selection::KEYPAIR).unwrap();
    let mut list = ParamList::new();
    generator.set_params(set(&mut list).as_params()).unwrap();
    generator.generate(&crate::ffi::callback::Progress::none()).unwrap()
}

#[test]
fn the_fake_key_signs() {
    let fake = Fake::ec(Scheme::Null, Curve::P256);
    let signature = fake.sign::<super::Ecdsa>(Some("sha256"), b"message", &mut ParamList::new()).unwrap();
    let digest = HashAlg::Sha256.digest(&[b"message"]);
    let verdict =
        fake.verification(Some("sha256"), &mut ParamList::new()).unwrap().verify(&signature, &digest);
    assert!(verdict.is_valid_signature());
}
