//! Sessions: what authorizes a command, protects it, and proves that its answer came from the TPM (TPM 2.0 Part 1 §16–§19, §21).

mod area;
mod authorization;
mod start;

use std::time::Instant;

use keyfile::{Handle, HashAlg};
use zeroize::Zeroizing;

pub(crate) use authorization::{Authorization, Use};
pub(crate) use start::Starting;

use crate::ffi::Locked;

/// The AES key of parameter encryption, in bits.
const CIPHER_BITS: u16 = 128;

/// A session that the TPM holds for us.
pub(crate) struct Session {
    pub(crate) handle: Handle,
    kind: Kind,
    hash: HashAlg,
    key: Locked,
    nonce_caller: Vec<u8>,
    nonce_tpm: Vec<u8>,
    ended: bool,
    distrusted: bool,
    /// Whether an answer under it was authentic: then what the TPM answered when it started was not altered.
    proven: bool,
    started: Instant,
}

/// TPM_SE (Part 2 §6.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Proves knowledge of the authValue, and may encrypt.
    Hmac,
    /// Authorizes by statements.
    Policy,
    /// Takes statements and authorizes nothing.
    Trial,
}

impl Session {
    /// Whether the TPM has dropped it with its last command.
    ///
    /// Not inlined: the compiler may read the field of a session before it looks whether there is one. Nothing depends on it
    /// then, but valgrind cannot know.
    #[inline(never)]
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// An answer under it was an error or not authentic: whether its nonces are still the TPM's is unknown from now on.
    pub(crate) fn distrust(&mut self) {
        self.distrusted = true;
    }

    /// Whether it should not outlive the operation, nor prove another password.
    pub(crate) fn is_distrusted(&self) -> bool {
        self.distrusted
    }

    /// Returns true if the TPM is known to have the same key.
    pub(crate) fn is_proven(&self) -> bool {
        self.proven
    }

    /// When it was started.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// The hash of its HMACs and of its policy digest.
    pub(crate) fn hash(&self) -> HashAlg {
        self.hash
    }

    /// Whether it has a key that only the TPM and we know.
    pub(crate) fn is_salted(&self) -> bool {
        !self.key.is_empty()
    }

    /// The TPM's last nonce, which a policy command may bind itself to.
    pub(crate) fn nonce_tpm(&self) -> &[u8] {
        &self.nonce_tpm
    }

    /// Session key ‖ authValue: the HMAC key, and what parameter encryption is derived from.
    fn secret(&self, auth: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut secret = Zeroizing::new(Vec::with_capacity(self.key.len().saturating_add(auth.len())));
        secret.extend_from_slice(&self.key);
        secret.extend_from_slice(auth);
        secret
    }

    /// A policy session without a key of its own proves nothing by HMAC, unless a statement asks for the authValue.
    fn has_hmac(&self, auth: &[u8]) -> bool {
        self.kind == Kind::Hmac || !self.key.is_empty() || !auth.is_empty()
    }
}
