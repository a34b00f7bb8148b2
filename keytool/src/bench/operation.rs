//! The operations that are measured, each as the provider runs it.

use std::fmt;
use std::time::{Duration, Instant};

use keyfile::{AlgId, HashAlg, PublicKey, Scheme};
use tpm::template::Storage;
use tpm::{Error, Key, RawRsa};

use super::subject::{KeyType, Subject};

/// What the TPM does with the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// TPM2_CreatePrimary of the standard storage key.
    Derive,
    /// TPM2_Load.
    Load,
    /// TPM2_Sign, or TPM2_RSA_Decrypt as for most RSA signatures (docs/decisions/rsa-by-decryption.md).
    Sign,
    /// TPM2_RSA_Decrypt.
    Decrypt,
    /// TPM2_ECDH_ZGen.
    Ecdh,
}

impl Work {
    /// Returns the value of `operation` in docs/json.md.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Derive => "create-primary",
            Self::Load => "load",
            Self::Sign => "sign",
            Self::Decrypt => "decrypt",
            Self::Ecdh => "ecdh",
        }
    }
}

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) work: Work,
    pub(super) key: KeyType,
}

impl Operation {
    /// Returns all operations, those of a key together. The first one derives the parent that hierarchies of this TPM have.
    pub(super) fn all(storage: Storage) -> Vec<Self> {
        let parent = if storage == Storage::Rsa2048 { KeyType::Rsa2048 } else { KeyType::P256 };
        [
            (Work::Derive, parent),
            (Work::Load, KeyType::P256),
            (Work::Sign, KeyType::P256),
            (Work::Ecdh, KeyType::P256),
            (Work::Sign, KeyType::P384),
            (Work::Load, KeyType::Rsa2048),
            (Work::Sign, KeyType::Rsa2048),
            (Work::Decrypt, KeyType::Rsa2048),
            (Work::Sign, KeyType::Rsa3072),
        ]
        .map(|(work, key)| Self { work, key })
        .to_vec()
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.work {
            Work::Derive => "create primary",
            Work::Ecdh => "ECDH",
            work => work.name(),
        };
        f.pad(&format!("{name} {}", self.key))
    }
}

impl Subject {
    /// Loads a copy of the key, and returns the time of that. The copy is flushed when it is dropped, after its time was taken.
    ///
    /// # Errors
    /// The TPM refuses it, or there is no TPM.
    pub(super) fn time_of_load(&self) -> Result<Duration, Error> {
        let key = Key::from_file(self.key.tpm(), self.file.clone(), None)?;
        self.time(|_| key.load())
    }

    /// Runs the work once, and returns its time.
    ///
    /// # Errors
    /// Those of the work.
    pub(super) fn time(&self, work: impl FnOnce(&Self) -> Result<(), Error>) -> Result<Duration, Error> {
        let start = Instant::now();
        work(self)?;
        Ok(start.elapsed())
    }

    pub(super) fn sign(&self) -> Result<(), Error> {
        let sign = |scheme| self.key.sign(&DIGEST, HashAlg::Sha256, scheme).map(drop);
        match self.block() {
            None => sign(AlgId::ECDSA),
            Some(block) => self.raw(|| self.key.rsa_sign(&block).map(drop), || sign(AlgId::RSASSA)),
        }
    }

    pub(super) fn decrypt(&self) -> Result<(), Error> {
        let oaep = Scheme::Oaep(HashAlg::Sha256);
        let block = self.block().unwrap_or_default();
        self.raw(
            || self.key.rsa_decrypt(&block).map(drop),
            || self.key.rsa_decrypt_by_scheme(&self.ciphertext, oaep, &[]).map(drop),
        )
    }

    /// Shares a secret with the public half of the key itself.
    pub(super) fn derive_secret(&self) -> Result<(), Error> {
        match &self.key.public().key {
            PublicKey::Ecc { x, y, .. } => self.key.ecdh_zgen(x, y).map(drop),
            _ => Ok(()),
        }
    }

    /// Returns a block below every modulus of an RSA key's length; None for an EC key.
    fn block(&self) -> Option<Vec<u8>> {
        match &self.key.public().key {
            PublicKey::Rsa { modulus, .. } => Some(vec![1; modulus.len()]),
            _ => None,
        }
    }

    /// Runs the raw RSA operation, or the padded one on a TPM that forbids it.
    fn raw(
        &self,
        raw: impl FnOnce() -> Result<(), Error>,
        padded: impl FnOnce() -> Result<(), Error>,
    ) -> Result<(), Error> {
        let is_forbidden = || self.key.raw_rsa() == Some(RawRsa::Forbidden);
        if is_forbidden() {
            return padded();
        }
        match raw() {
            Err(_) if is_forbidden() => padded(),
            done => done,
        }
    }
}

/// The digest that is signed.
const DIGEST: [u8; 32] = [7; 32];
