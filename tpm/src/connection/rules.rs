//! The rules of a connection, from the configuration and the transport.

use std::sync::Arc;
use std::time::Duration;

use keyfile::Name;

use super::Copies;
use crate::config::{Config, Lifetime, Manager, Protection};
use crate::session::Session;
use crate::transport::Transport;

/// The rules of a connection, from the configuration and the transport.
pub(crate) struct Rules {
    /// True if the user has allowed passwords in the clear.
    pub(crate) unprotected: bool,
    /// How long a session is kept; None means as long as the connection.
    pub(crate) keep: Option<Duration>,
    /// True if the kernel's resource manager, or one like it, is in use.
    pub(crate) kernel: bool,
    /// True if other processes use the same object slots between our commands.
    pub(crate) shared: bool,
    /// True if an unproven password may be the last try before a lockout.
    pub(crate) allow_last_try: bool,
    /// The location of the TPM, which identifies it.
    pub(crate) tpm: Arc<str>,
    /// The Name of the only trusted salt key.
    pub(crate) salt_name: Option<Name>,
    /// What the process knows of the persistent copies of storage keys.
    pub(crate) copies: Arc<Copies>,
}

impl Rules {
    pub(super) fn new(
        config: &Config,
        transport: &dyn Transport,
        tpm: Arc<str>,
        copies: Arc<Copies>,
    ) -> Self {
        let kernel = match config.manager {
            Manager::Auto => transport.is_managed_by_kernel(),
            Manager::Kernel => true,
            Manager::None => false,
        };
        let keep = match config.connection {
            Lifetime::Operation => Some(Duration::ZERO),
            Lifetime::Process if kernel => Some(config.session_keep.unwrap_or_default()),
            Lifetime::Process => None,
        };
        Self {
            unprotected: config.session == Protection::Password,
            keep,
            kernel,
            shared: transport.is_shared() && !kernel,
            allow_last_try: config.allow_last_try,
            tpm,
            salt_name: config.salt_name.clone(),
            copies,
        }
    }

    /// Returns true if a session must not outlive the operation.
    pub(super) fn must_end(&self, session: &Session) -> bool {
        session.is_distrusted() || self.keep.is_some_and(|keep| session.started().elapsed() >= keep)
    }

    /// Returns true if a policy session must not outlive the operation. A TPM has three slots for sessions: if processes share them,
    /// an idle session would block the others.
    pub(super) fn policy_must_end(&self, policy: &Session) -> bool {
        self.shared || self.must_end(policy)
    }
}
