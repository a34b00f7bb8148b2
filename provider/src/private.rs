//! The private operations of a key in a TPM, as this crate needs them.

use keyfile::{AlgId, HashAlg, Point, Public, Scheme, Signature};
use tpm::RawRsa;
use zeroize::Zeroizing;

use crate::error::{Error, Reason, Result};
use crate::jobs::Jobs;
use crate::key::{Key, Material};

/// The operations of a TPM with the private half of a key.
pub(crate) trait Private: Send + Sync {
    /// The public area.
    fn public(&self) -> &Public;

    /// Runs TPM2_RSA_Decrypt with scheme NULL on a padded block as long as the modulus: the bare private
    /// operation. The result is a signature and is public.
    ///
    /// # Errors
    /// What the TPM reports.
    fn rsa_sign(&self, block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>>;

    /// Runs the same command on a ciphertext. The result is secret and as long as the modulus.
    ///
    /// # Errors
    /// What the TPM reports.
    fn rsa_decrypt(&self, block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>>;

    /// Runs the same command on a ciphertext with a scheme; NULL stands for the scheme of the key. The TPM
    /// removes the padding. Returns `None` if the padding is wrong.
    ///
    /// # Errors
    /// What the TPM reports.
    fn rsa_decrypt_by_scheme(
        &self,
        block: &[u8],
        scheme: Scheme,
        label: &[u8],
    ) -> Result<Option<Answer<Zeroizing<Vec<u8>>>>>;

    /// Returns what is known about the bare private operation (`rsa_sign` and `rsa_decrypt`) on this TPM.
    fn raw_rsa(&self) -> Option<RawRsa>;

    /// Runs TPM2_Sign on a digest that is as long as the digests of `hash`.
    ///
    /// # Errors
    /// What the TPM reports; `TpmUnsupported` when it does not know the hash or the scheme.
    fn sign(&self, digest: &[u8], hash: HashAlg, scheme: AlgId) -> Result<Answer<Signature>>;

    /// Runs TPM2_Sign on a message that the TPM hashes itself. A restricted signing key does nothing else.
    ///
    /// # Errors
    /// What the TPM reports; `TpmUnsupported` when it does not know the hash or the scheme.
    fn sign_message(&self, message: &[u8], hash: HashAlg, scheme: AlgId) -> Result<Answer<Signature>>;

    /// Runs TPM2_ECDH_ZGen on the peer's point. Returns the x coordinate of the shared point, which is secret.
    ///
    /// # Errors
    /// What the TPM reports.
    fn ecdh_zgen(&self, x: &[u8], y: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>>;
}

/// A result of the TPM.
pub(crate) struct Answer<T> {
    /// The result.
    pub(crate) value: T,
    /// True if a session protected the result. If false, verify it before anything uses it.
    pub(crate) authenticated: bool,
}

/// The length of the salt that a TPM uses for PSS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TpmSalt {
    /// The salt is as long as the digest.
    Digest,
    /// The salt is as long as the modulus and the digest allow.
    Max,
}

impl TpmSalt {
    /// The value of OpenSSL's option `rsa_pss_saltlen`.
    pub(crate) const fn option_value(self) -> &'static str {
        match self {
            Self::Digest => "digest",
            Self::Max => "max",
        }
    }
}

/// A private half in the TPM.
#[derive(Clone, Copy)]
pub(crate) struct InTpm<'a> {
    key: &'a tpm::Key,
    /// None if operations never pause a job.
    jobs: Option<&'a Jobs>,
}

impl<'a> InTpm<'a> {
    pub(crate) fn new(key: &'a tpm::Key, jobs: Option<&'a Jobs>) -> Self {
        Self { key, jobs }
    }

    /// Returns the same half, whose operations never pause a job.
    pub(crate) fn without_pauses(self) -> Self {
        Self { jobs: None, ..self }
    }

    /// Runs an operation: in an asynchronous job by the worker, otherwise at once.
    fn run<const N: usize, T: Send + 'static>(
        &self,
        input: [&[u8]; N],
        work: impl Fn(&tpm::Key, [&[u8]; N]) -> Result<T> + Copy + Send + 'static,
    ) -> Result<T> {
        match self.jobs.and_then(|jobs| self.run_in_job(jobs, input, work)) {
            Some(done) => done,
            None => work(self.key, input),
        }
    }

    /// Returns `None` if the thread is in no job, or if the job cannot wait.
    #[inline(never)]
    fn run_in_job<const N: usize, T: Send + 'static>(
        &self,
        jobs: &Jobs,
        input: [&[u8]; N],
        work: impl Fn(&tpm::Key, [&[u8]; N]) -> Result<T> + Copy + Send + 'static,
    ) -> Option<Result<T>> {
        let job = jobs.current()?;
        let (key, input) = (self.key.clone(), input.map(|part| Zeroizing::new(part.to_vec())));
        jobs.run(job, move || work(&key, input.each_ref().map(|part| part.as_slice())))
    }
}

impl Private for InTpm<'_> {
    fn public(&self) -> &Public {
        self.key.public()
    }

    fn rsa_sign(&self, block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>> {
        self.run([block], |key, [block]| Ok(key.rsa_sign(block)?.into()))
    }

    fn rsa_decrypt(&self, block: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>> {
        self.run([block], |key, [block]| Ok(key.rsa_decrypt(block)?.into()))
    }

    fn rsa_decrypt_by_scheme(
        &self,
        block: &[u8],
        scheme: Scheme,
        label: &[u8],
    ) -> Result<Option<Answer<Zeroizing<Vec<u8>>>>> {
        self.run([block, label], move |key, [block, label]| {
            Ok(key.rsa_decrypt_by_scheme(block, scheme, label)?.map(Answer::from))
        })
    }

    fn raw_rsa(&self) -> Option<RawRsa> {
        self.key.raw_rsa()
    }

    fn sign(&self, digest: &[u8], hash: HashAlg, scheme: AlgId) -> Result<Answer<Signature>> {
        self.run([digest], move |key, [digest]| Ok(key.sign(digest, hash, scheme)?.into()))
    }

    fn sign_message(&self, message: &[u8], hash: HashAlg, scheme: AlgId) -> Result<Answer<Signature>> {
        self.run([message], move |key, [message]| Ok(key.sign_message(message, hash, scheme)?.into()))
    }

    fn ecdh_zgen(&self, x: &[u8], y: &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>> {
        self.run([x, y], |key, [x, y]| {
            let tpm::Answer { value: Point { x, y }, authenticated } = key.ecdh_zgen(x, y)?;
            // Each coordinate reveals the other.
            drop(Zeroizing::new(y));
            Ok(Answer { value: Zeroizing::new(x), authenticated })
        })
    }
}

impl<T> From<tpm::Answer<T>> for Answer<T> {
    fn from(answer: tpm::Answer<T>) -> Self {
        Self { value: answer.value, authenticated: answer.authenticated }
    }
}

impl Key {
    /// Returns true if software does all operations of the key.
    pub(crate) fn is_software(&self) -> bool {
        matches!(self.material(), Some(Material::Software(_)))
    }

    /// Returns the private half in the TPM.
    ///
    /// # Errors
    /// `NoKey`: the key has only a public half. `Configuration`: a setting is unknown.
    pub(crate) fn private(&self) -> Result<InTpm<'_>> {
        match self.material() {
            Some(Material::Tpm(key)) => key.private(self.provider()),
            _ => Err(no_private_half()),
        }
    }
}

/// The error of a key without a private half in a TPM.
pub(crate) fn no_private_half() -> Error {
    Error::new(Reason::NoKey, "the key has no private half in a TPM")
}
