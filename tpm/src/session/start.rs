//! TPM2_StartAuthSession (TPM 2.0 Part 3 §11.1), and the session key (Part 1 §19.6.8).

use std::time::Instant;

use keyfile::wire::{Marshal, Reader, Writer};
use keyfile::{AlgId, Handle, HashAlg, Public, Symmetric};
use zeroize::Zeroizing;

use super::{Kind, Session};
use crate::command::Run;
use crate::command::session::start_auth_session;
use crate::error::Error;
use crate::ffi::Locked;
use crypto::hmac::{self, Nonces};
use crypto::random;
use crypto::salt::{self, Purpose, Secret};

/// A session that is not yet started in the TPM.
pub(crate) struct Starting {
    kind: Kind,
    hash: HashAlg,
    nonce_caller: Vec<u8>,
    salt: Option<Secret>,
}

impl Starting {
    /// Creates an HMAC session in which only the holder of `key` can take part.
    pub(crate) fn salted(key: &Public) -> Result<Self, Error> {
        let salt = salt::secret_for(key, Purpose::Session)?;
        Self::new(Kind::Hmac, HashAlg::Sha256, Some(salt))
    }

    /// Creates a salted policy session, so that an eavesdropper learns nothing about the password that it proves.
    pub(crate) fn salted_policy(key: &Public, hash: HashAlg) -> Result<Self, Error> {
        let salt = salt::secret_for(key, Purpose::Session)?;
        Self::new(Kind::Policy, hash, Some(salt))
    }

    /// Creates a policy session with the hash of the object's policy.
    pub(crate) fn policy(hash: HashAlg) -> Result<Self, Error> {
        Self::new(Kind::Policy, hash, None)
    }

    /// Creates a trial session, which accepts policy statements and authorizes nothing.
    pub(crate) fn trial() -> Result<Self, Error> {
        Self::new(Kind::Trial, HashAlg::Sha256, None)
    }

    fn new(kind: Kind, hash: HashAlg, salt: Option<Secret>) -> Result<Self, Error> {
        let nonce_caller = random::bytes(hash.size())?.to_vec();
        Ok(Self { kind, hash, nonce_caller, salt })
    }

    /// Starts the session. Its salt is encrypted to `salt_key`; without a salt the handle is NULL.
    pub(crate) fn start(self, run: &mut dyn Run, salt_key: Handle) -> Result<Session, Error> {
        let parameters = self.parameters()?;
        let response = start_auth_session(run, salt_key, &parameters)?;
        self.started(response.handle, response.parameters)
    }

    fn parameters(&self) -> Result<Vec<u8>, Error> {
        let mut w = Writer::new();
        w.sized(&self.nonce_caller);
        w.sized(self.salt.as_ref().map_or(&[], |salt| &salt.encrypted));
        match self.kind {
            Kind::Hmac => w.u8(0x00),
            Kind::Policy => w.u8(0x01),
            Kind::Trial => w.u8(0x03),
        }
        // A salted policy session encrypts only the random bytes that test it.
        match self.salt {
            Some(_) => Symmetric::AES_128_CFB.marshal(&mut w),
            None => AlgId::NULL.marshal(&mut w),
        }
        self.hash.marshal(&mut w);
        Ok(w.finish()?)
    }

    /// Returns the session, from the TPM's answer.
    fn started(self, handle: Handle, parameters: &[u8]) -> Result<Session, Error> {
        let mut r = Reader::new(parameters);
        let nonce_tpm = r.sized()?.to_vec();
        r.finish()?;
        let key = match &self.salt {
            Some(salt) => {
                let nonces = Nonces::of_response(&self.nonce_caller, &nonce_tpm);
                hmac::session_key(self.hash, &[], &salt.value, nonces)
            }
            None => Zeroizing::default(),
        };
        Ok(Session {
            handle,
            kind: self.kind,
            hash: self.hash,
            key: Locked::new(&key),
            nonce_caller: self.nonce_caller,
            nonce_tpm,
            ended: false,
            distrusted: false,
            proven: false,
            refused: false,
            started: Instant::now(),
        })
    }
}
