//! Sessions: they authorize and protect commands, and prove that answers come from the TPM (TPM 2.0 Part 1 §16–§19, §21).

mod area;
mod authorization;
mod start;

use std::time::Instant;

use keyfile::{Handle, HashAlg};
use zeroize::Zeroizing;

pub(crate) use authorization::{Authorization, Use};
pub(crate) use start::Starting;

use crate::ffi::Locked;

/// The size of the AES key for parameter encryption, in bits.
const CIPHER_BITS: u16 = 128;

/// A session in the TPM.
pub(crate) struct Session {
    pub(crate) handle: Handle,
    kind: Kind,
    hash: HashAlg,
    key: Locked,
    nonce_caller: Vec<u8>,
    nonce_tpm: Vec<u8>,
    ended: bool,
    distrusted: bool,
    /// True once a response in this session was authentic, which proves that the response that started it was not altered.
    proven: bool,
    /// True once the TPM has refused a command that used this session.
    refused: bool,
    started: Instant,
}

/// TPM_SE (Part 2 §6.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Proves knowledge of the authValue, and may encrypt.
    Hmac,
    /// Authorizes by policy statements.
    Policy,
    /// Accepts policy statements and authorizes nothing.
    Trial,
}

impl Session {
    /// Returns true if the TPM has ended the session with its last command.
    ///
    /// Not inlined: the compiler may read this field before it checks that there is a session. The value is not used then, but
    /// valgrind cannot know that.
    #[inline(never)]
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Marks the session after an error or an answer that is not authentic: its nonces may differ from the TPM's.
    pub(crate) fn distrust(&mut self) {
        self.distrusted = true;
    }

    /// Returns true if the session must not outlive the operation or prove another password.
    pub(crate) fn is_distrusted(&self) -> bool {
        self.distrusted
    }

    /// Returns true if a refused command may have used another key than the TPM's: the response that started the session may have been
    /// altered. Without a salt there is no key, and no command could show it.
    pub(crate) fn is_suspect(&self) -> bool {
        self.refused && !self.proven && !self.ended && self.is_salted()
    }

    /// Returns its start time.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// Returns the hash of its HMACs and of its policy digest.
    pub(crate) fn hash(&self) -> HashAlg {
        self.hash
    }

    /// Returns true if it authorizes by policy statements.
    pub(crate) fn is_policy(&self) -> bool {
        self.kind == Kind::Policy
    }

    /// Returns true if it has a key that only the TPM and this process know.
    pub(crate) fn is_salted(&self) -> bool {
        !self.key.is_empty()
    }

    /// Returns the TPM's last nonce, to which a policy command may be bound.
    pub(crate) fn nonce_tpm(&self) -> &[u8] {
        &self.nonce_tpm
    }

    /// Returns session key ‖ authValue: the HMAC key, and the secret for parameter encryption.
    fn secret(&self, auth: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut secret = Zeroizing::new(Vec::with_capacity(self.key.len().saturating_add(auth.len())));
        secret.extend_from_slice(&self.key);
        secret.extend_from_slice(auth);
        secret
    }

    /// Returns true if its authorizations contain an HMAC. A policy session without a key has one only if a statement asks for the
    /// authValue.
    fn has_hmac(&self, auth: &[u8]) -> bool {
        self.kind == Kind::Hmac || !self.key.is_empty() || !auth.is_empty()
    }
}
