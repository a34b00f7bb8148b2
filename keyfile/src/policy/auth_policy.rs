//! TPMAuthPolicy: a policy that was signed after the key was created.

use super::Statement;

/// A signed policy: statements that end in a PolicyAuthorize, whose signature covers the statements before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthPolicy {
    /// The policy's name, for people.
    pub name: Option<String>,
    /// The statements, the PolicyAuthorize last.
    pub statements: Vec<Statement>,
}
