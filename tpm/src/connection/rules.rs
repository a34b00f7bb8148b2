//! What the configuration and the way to the TPM say together about a connection.

use std::sync::Arc;
use std::time::Duration;

use keyfile::Name;

use crate::config::{Config, Lifetime, Manager, Protection};
use crate::session::Session;
use crate::transport::Transport;

/// What the configuration and the way to the TPM say together.
pub(crate) struct Rules {
    /// Whether passwords may cross the bus, because the user said so.
    pub(crate) unprotected: bool,
    /// How long a session is kept; None is as long as the connection.
    pub(crate) keep: Option<Duration>,
    /// Whether the kernel's resource manager, or one like it, stands between.
    pub(crate) kernel: bool,
    /// Whether other processes use the same object slots between our commands.
    pub(crate) shared: bool,
    /// Whether a password that is not proven may be the last try before a lockout.
    pub(crate) allow_last_try: bool,
    /// Where the TPM is, by which it is told from others.
    pub(crate) tpm: Arc<str>,
    /// The Name of the only salt key to trust.
    pub(crate) salt_name: Option<Name>,
}

impl Rules {
    pub(super) fn new(config: &Config, transport: &dyn Transport, tpm: Arc<str>) -> Self {
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
        }
    }

    /// Whether a session should not outlive the operation.
    pub(super) fn must_end(&self, session: &Session) -> bool {
        session.is_distrusted() || self.keep.is_some_and(|keep| session.started().elapsed() >= keep)
    }

    /// The same for a policy session. A TPM has three slots for sessions: where several processes share them, one that waits for
    /// its next use would keep the others waiting too.
    pub(super) fn policy_must_end(&self, policy: &Session) -> bool {
        self.shared || self.must_end(policy)
    }
}
