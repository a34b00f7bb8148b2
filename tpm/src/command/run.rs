//! Whoever runs commands for the typed functions of this layer: a connection, which has the sessions that protect them.

use keyfile::{CommandCode, Handle};

use super::{Command, Guarded, Protect, Response};
use crate::error::Error;

/// Runs commands, and decides which sessions stand around them.
pub(crate) trait Run {
    /// A command that needs no authorization.
    fn bare(&mut self, command: &Command<'_>) -> Result<Response<'_>, Error>;

    /// A command that needs no authorization, and whose answer is authentic if a session is open.
    fn audited(&mut self, command: &Command<'_>) -> Result<Response<'_>, Error>;

    /// A command that needs no authorization, and whose answer is secret: the session encrypts its first parameter.
    fn secret(&mut self, command: &Command<'_>) -> Result<Response<'_>, Error>;

    /// Whether the answers to such commands are authentic now.
    fn is_authentic(&self) -> bool;

    /// A command whose first handle needs authorization.
    fn authorized(
        &mut self,
        command: &Command<'_>,
        auth: &[u8],
        protect: Protect,
    ) -> Result<Response<'_>, Error>;

    /// A command on two objects that have no passwords; the policy of the second, if it has one, is satisfied in the policy session,
    /// which ends with the command.
    fn with_two_objects(&mut self, command: &Command<'_>, by_policy: bool) -> Result<Response<'_>, Error>;

    /// FlushContext of what a command has made; what the TPM will not flush now is not forgotten.
    fn flush(&mut self, handle: Handle) -> Result<(), Error>;

    /// Wipes the last answer, which held a secret.
    fn wipe(&mut self);

    /// A command with one handle, which needs authorization; gives the answer's parameters.
    fn guarded(
        &mut self,
        code: CommandCode,
        on: &Guarded<'_>,
        parameters: &[u8],
        protect: Protect,
    ) -> Result<&[u8], Error> {
        let command = Command { code, handles: &[on.entity], parameters, makes_handle: false };
        Ok(self.authorized(&command, on.auth, protect)?.parameters)
    }

    /// The same for a command that makes an object.
    fn guarded_making(
        &mut self,
        code: CommandCode,
        on: &Guarded<'_>,
        parameters: &[u8],
        protect: Protect,
    ) -> Result<Response<'_>, Error> {
        let command = Command { code, handles: &[on.entity], parameters, makes_handle: true };
        self.authorized(&command, on.auth, protect)
    }
}
