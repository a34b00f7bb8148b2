//! The policy session of a connection. Between operations it is empty: the TPM empties it when it has authorized a command, and an
//! operation that fails flushes it.

use keyfile::{CommandCode, Handle, HashAlg};

use crate::error::{Error, ErrorKind};
use crate::link::Link;
use crate::session::{Session, Starting};

impl Link {
    /// Makes sure that there is one of this hash.
    pub(crate) fn open_policy(&mut self, hash: HashAlg) -> Result<(), Error> {
        if self.policy.as_ref().is_some_and(|policy| !policy.has_ended() && policy.hash() == hash) {
            return Ok(());
        }
        self.drop_policy();
        self.policy = Some(self.start_session(Starting::policy(hash)?, Handle::NULL)?);
        Ok(())
    }

    /// PolicyRestart: as if it had just been started.
    pub(crate) fn restart_policy(&mut self) -> Result<(), Error> {
        let session = self.policy_session()?.handle;
        self.policy_command(CommandCode::POLICY_RESTART, session, &[])
    }

    /// The policy session that was opened.
    pub(crate) fn policy_session(&self) -> Result<&Session, Error> {
        let lost = || Error::new(ErrorKind::Integrity, "there is no policy session to authorize the command");
        self.policy.as_ref().filter(|policy| !policy.has_ended()).ok_or_else(lost)
    }
}
