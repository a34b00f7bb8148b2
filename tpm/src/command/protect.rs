//! The authorization and protection of a command: an authValue and a session.

use super::Entity;

/// A handle that requires authorization.
pub(crate) struct Guarded<'a> {
    pub(crate) entity: Entity<'a>,
    /// The authValue.
    pub(crate) auth: &'a [u8],
}

/// What authorizes one of two objects of a command.
#[derive(Clone, Copy)]
pub(crate) enum By<'a> {
    /// Its authValue. An empty one needs no session.
    AuthValue(&'a [u8]),
    /// Its policy, in the policy session; with its authValue if a statement asks for that.
    Policy(&'a [u8]),
}

/// How one command is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Protect {
    pub(crate) session: bool,
    pub(crate) decrypt: bool,
    pub(crate) encrypt: bool,
    pub(crate) last: bool,
    pub(crate) policy: bool,
    pub(crate) hidden: bool,
}

impl Protect {
    /// No protection: only for commands without secrets.
    pub(crate) const NONE: Self =
        Self { session: false, decrypt: false, encrypt: false, last: false, policy: false, hidden: false };
    /// Protection by the session.
    pub(crate) const SESSION: Self = Self { session: true, ..Self::NONE };

    /// Encrypts the first parameter of the command.
    pub(crate) fn decrypted(self) -> Self {
        Self { decrypt: true, ..self }
    }

    /// Encrypts the first parameter of the answer.
    pub(crate) fn encrypted(self) -> Self {
        Self { encrypt: true, ..self }
    }

    /// Allows the session to end with this command.
    pub(crate) fn last(self) -> Self {
        Self { last: true, ..self }
    }

    /// Keeps the session after the command, and records nothing about the answer.
    pub(crate) fn hidden(self) -> Self {
        Self { last: false, hidden: true, ..self }
    }

    /// Authorizes by the policy session; the HMAC session only protects.
    pub(crate) fn by_policy(self) -> Self {
        Self { policy: true, ..self }
    }
}
