//! The authorization area, as the executor sees it: whoever holds the sessions writes that of a command, and verifies that of its answer.

use keyfile::CommandCode;

use crate::error::Error;

/// What authorizes and protects one command.
pub(crate) trait Area {
    /// Appends the authorization area and the parameters to a command that has its handles already.
    fn authorize(
        &mut self,
        command: &mut Vec<u8>,
        code: CommandCode,
        names: &[&[u8]],
        parameters: &[u8],
    ) -> Result<(), Error>;

    /// Verifies the authorization area of an answer and decrypts its first parameter.
    fn accept(&mut self, code: CommandCode, parameters: &mut [u8], area: &[u8]) -> Result<(), Error>;

    /// What the trace says of it; no secret.
    fn traced(&self) -> String;
}
