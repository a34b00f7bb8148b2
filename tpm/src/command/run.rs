//! The interface through which the typed functions run commands. A connection implements it, with the sessions that protect commands.

use keyfile::{CommandCode, Handle};

use super::{By, Command, Guarded, Protect, Response};
use crate::error::Error;

/// Runs commands in the sessions that protect them.
pub(crate) trait Run {
    /// Runs a command that needs no authorization.
    ///
    /// # Errors
    /// The TPM refuses, or the connection is broken; as for every method below that runs a command.
    fn bare(&mut self, command: &Command<'_>) -> Result<Response<'_>, Error>;

    /// Runs a command that needs no authorization. The answer is authenticated if a session is open.
    fn audited(&mut self, command: &Command<'_>) -> Result<Response<'_>, Error>;

    /// Runs a command that needs no authorization and whose answer is secret: the session encrypts its first parameter.
    ///
    /// # Errors
    /// There is no session, or the answer is not authentic.
    fn secret(&mut self, command: &Command<'_>) -> Result<Response<'_>, Error>;

    /// Returns true if such answers are authenticated now.
    fn is_authentic(&self) -> bool;

    /// Runs a command whose first handle needs authorization.
    ///
    /// # Errors
    /// There is no session that `protect` needs, or the answer is not authentic.
    fn authorized(
        &mut self,
        command: &Command<'_>,
        auth: &[u8],
        protect: Protect,
    ) -> Result<Response<'_>, Error>;

    /// Runs a command on two objects that need authorization. The session of a policy ends with the command.
    ///
    /// # Errors
    /// There is no session for one of them, or the answer is not authentic.
    fn with_two_objects(&mut self, command: &Command<'_>, by: [By<'_>; 2]) -> Result<Response<'_>, Error>;

    /// Flushes an object that a command has made. If the TPM cannot flush it now, it is remembered.
    ///
    /// # Errors
    /// The connection is broken. The object is remembered then, too.
    fn flush(&mut self, handle: Handle) -> Result<(), Error>;

    /// Wipes the last answer, which held a secret.
    fn wipe(&mut self);

    /// Runs a command whose only handle needs authorization, and returns the answer's parameters.
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

    /// Runs such a command that makes an object.
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
