//! The private half of a key in the TPM. Its operations may run in an asynchronous job.

use keyfile::{AlgId, HashAlg, Public, Scheme, Signature};
use operations::{Answer, Private};
use tpm::RawRsa;
use zeroize::Zeroizing;

use crate::error::{Error, Reason, Result};
use crate::jobs::Jobs;
use crate::key::{Key, Material};

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
        work: impl Fn(&dyn Private, [&[u8]; N]) -> operations::Result<T> + Copy + Send + 'static,
    ) -> operations::Result<T> {
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
        work: impl Fn(&dyn Private, [&[u8]; N]) -> operations::Result<T> + Copy + Send + 'static,
    ) -> Option<operations::Result<T>> {
        let job = jobs.current()?;
        let (key, input) = (self.key.clone(), input.map(|part| Zeroizing::new(part.to_vec())));
        let work = move || Ok(work(&key, input.each_ref().map(|part| part.as_slice())));
        Some(jobs.run(job, work)?.unwrap_or_else(|error| Err(operations::Error::caller(error))))
    }
}

impl Private for InTpm<'_> {
    fn public(&self) -> &Public {
        self.key.public()
    }

    fn rsa_sign(&self, block: &[u8]) -> operations::Result<Answer<Zeroizing<Vec<u8>>>> {
        self.run([block], |key, [block]| key.rsa_sign(block))
    }

    fn rsa_decrypt(&self, block: &[u8]) -> operations::Result<Answer<Zeroizing<Vec<u8>>>> {
        self.run([block], |key, [block]| key.rsa_decrypt(block))
    }

    fn rsa_decrypt_by_scheme(
        &self,
        block: &[u8],
        scheme: Scheme,
        label: &[u8],
    ) -> operations::Result<Option<Answer<Zeroizing<Vec<u8>>>>> {
        self.run([block, label], move |key, [block, label]| key.rsa_decrypt_by_scheme(block, scheme, label))
    }

    fn raw_rsa(&self) -> Option<RawRsa> {
        self.key.raw_rsa()
    }

    fn sign(&self, digest: &[u8], hash: HashAlg, scheme: AlgId) -> operations::Result<Answer<Signature>> {
        self.run([digest], move |key, [digest]| key.sign(digest, hash, scheme))
    }

    fn sign_message(
        &self,
        message: &[u8],
        hash: HashAlg,
        scheme: AlgId,
    ) -> operations::Result<Answer<Signature>> {
        self.run([message], move |key, [message]| key.sign_message(message, hash, scheme))
    }

    fn ecdh_zgen(&self, x: &[u8], y: &[u8]) -> operations::Result<Answer<Zeroizing<Vec<u8>>>> {
        self.run([x, y], |key, [x, y]| key.ecdh_zgen(x, y))
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
