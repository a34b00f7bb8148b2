//! The authorization area, as the executor uses it. The owner of the sessions writes it in commands and verifies it in answers.

use keyfile::CommandCode;

use crate::error::Error;

/// Authorizes and protects one command.
pub(crate) trait Area {
    /// Appends the authorization area and the parameters to a command that already has its handles.
    fn authorize(
        &mut self,
        command: &mut Vec<u8>,
        code: CommandCode,
        names: &[&[u8]],
        parameters: &[u8],
    ) -> Result<(), Error>;

    /// Verifies the authorization area of an answer and decrypts its first parameter.
    fn accept(&mut self, code: CommandCode, parameters: &mut [u8], area: &[u8]) -> Result<(), Error>;

    /// Returns its text in the trace, without secrets.
    fn traced(&self) -> String;
}
