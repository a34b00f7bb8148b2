//! Startup and SelfTest (TPM 2.0 Part 3 §9.3, §10.2).

use keyfile::CommandCode;

use super::Command;
use crate::error::Error;
use crate::link::Link;

impl Link {
    /// Startup(CLEAR), what a machine's firmware does and a simulator's does not.
    pub(crate) fn startup(&mut self) -> Result<(), Error> {
        self.simple(CommandCode::STARTUP, &[0, 0])
    }

    /// SelfTest: of everything, or of what was not tested yet.
    pub(crate) fn self_test(&mut self, full: bool) -> Result<(), Error> {
        self.simple(CommandCode::SELF_TEST, &[u8::from(full)])
    }

    fn simple(&mut self, code: CommandCode, parameters: &[u8]) -> Result<(), Error> {
        self.bare(&Command { code, handles: &[], parameters, makes_handle: false }).map(drop)
    }
}
