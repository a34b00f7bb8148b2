//! The policy session of a connection. It is empty between operations: the TPM empties it when it has authorized a command, and a
//! failed operation flushes it.

use keyfile::{CommandCode, Handle, HashAlg};

use crate::command::policy::policy_command;
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};
use crate::objects::Parent;
use crate::session::{Session, Starting};

impl Connection {
    /// Opens a policy session with this hash, unless one is open.
    pub(crate) fn open_policy(&mut self, hash: HashAlg) -> Result<(), Error> {
        self.open_policy_with(hash, false, |connection| {
            Starting::policy(hash)?.start(connection, Handle::NULL)
        })
    }

    /// Opens a salted policy session with this hash. It will prove a password, which an eavesdropper could otherwise guess from the
    /// traffic.
    pub(crate) fn open_salted_policy(
        &mut self,
        hash: HashAlg,
        (number, parent): (usize, &Parent),
    ) -> Result<(), Error> {
        self.open_policy_with(hash, true, |connection| {
            connection.start_salted(Some((number, parent)), |key| Starting::salted_policy(key, hash))
        })
    }

    /// Replaces it by a trial session, which authorizes nothing and is dropped after one statement.
    pub(crate) fn open_trial(&mut self) -> Result<(), Error> {
        self.drop_policy()?;
        self.policy = Some(Starting::trial()?.start(self, Handle::NULL)?);
        Ok(())
    }

    /// Replaces it by an HMAC session, for a second object that a password authorizes.
    pub(crate) fn open_second_session(&mut self) -> Result<(), Error> {
        if self.rules.unprotected {
            return Ok(());
        }
        self.drop_policy()?;
        self.policy = Some(self.start_salted(None, Starting::salted)?);
        Ok(())
    }

    fn open_policy_with(
        &mut self,
        hash: HashAlg,
        salted: bool,
        start: impl FnOnce(&mut Self) -> Result<Session, Error>,
    ) -> Result<(), Error> {
        let fits =
            |policy: &Session| policy.is_policy() && policy.hash() == hash && (policy.is_salted() || !salted);
        if self.policy.as_ref().is_some_and(|policy| !policy.has_ended() && fits(policy)) {
            return Ok(());
        }
        self.drop_policy()?;
        self.policy = Some(start(self)?);
        Ok(())
    }

    /// Resets the policy session to its initial state (PolicyRestart).
    pub(crate) fn restart_policy(&mut self) -> Result<(), Error> {
        let session = self.policy_session()?.handle;
        policy_command(self, CommandCode::POLICY_RESTART, session, &[])
    }

    /// Returns the open policy session.
    pub(crate) fn policy_session(&self) -> Result<&Session, Error> {
        let lost = || Error::new(ErrorKind::Integrity, "there is no policy session to authorize the command");
        self.policy.as_ref().filter(|policy| !policy.has_ended()).ok_or_else(lost)
    }
}
