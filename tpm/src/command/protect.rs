//! What guards a command: an authValue, and a session around it.

use super::Entity;

/// A handle that a command needs authorization for.
pub(crate) struct Guarded<'a> {
    pub(crate) entity: Entity<'a>,
    /// The authValue.
    pub(crate) auth: &'a [u8],
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
    /// By nothing: only where nothing secret crosses the bus.
    pub(crate) const NONE: Self =
        Self { session: false, decrypt: false, encrypt: false, last: false, policy: false, hidden: false };
    /// By the session.
    pub(crate) const SESSION: Self = Self { session: true, ..Self::NONE };

    /// Encrypts the first parameter of the command.
    pub(crate) fn decrypted(self) -> Self {
        Self { decrypt: true, ..self }
    }

    /// Encrypts the first parameter of the answer.
    pub(crate) fn encrypted(self) -> Self {
        Self { encrypt: true, ..self }
    }

    /// The session is not needed afterwards.
    pub(crate) fn last(self) -> Self {
        Self { last: true, ..self }
    }

    /// Whatever comes of the command, the session is there afterwards, and nothing is learned of the answer.
    pub(crate) fn hidden(self) -> Self {
        Self { last: false, hidden: true, ..self }
    }

    /// The policy session authorizes, and the other only protects.
    pub(crate) fn by_policy(self) -> Self {
        Self { policy: true, ..self }
    }
}
