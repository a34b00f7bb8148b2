//! TPMPolicy: one statement of a policy, as stored in the file.

use super::{Condition, Problem, read};
use crate::CommandCode;

/// A policy command and its body, as in the file. Its Display describes the statement in plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The policy command.
    pub command: CommandCode,
    /// The body. For most commands, the policy digest is extended with it.
    pub body: Vec<u8>,
}

impl Statement {
    /// Returns the condition that the statement requires.
    ///
    /// # Errors
    /// [`Problem`] if the body is damaged, or if the command cannot run from a key file.
    pub fn condition(&self) -> Result<Condition, Problem> {
        read::condition(self.command, &self.body)
    }
}
