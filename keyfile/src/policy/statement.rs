//! TPMPolicy: one statement of a policy, as the file holds it.

use super::{Condition, Problem, read};
use crate::CommandCode;

/// A policy command and its body, in the order of the file. Its Display is the statement in plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The policy command.
    pub command: CommandCode,
    /// Its body: what the policy digest is extended with, for most commands.
    pub body: Vec<u8>,
}

impl Statement {
    /// What the statement demands.
    ///
    /// # Errors
    /// [`Problem`] when the body is damaged, or the command is none that can run from a key file.
    pub fn condition(&self) -> Result<Condition, Problem> {
        read::condition(self.command, &self.body)
    }
}
