//! TPMAuthPolicy: a policy that somebody signed after the key was made.

use super::Statement;

/// A signed policy: statements that end in a PolicyAuthorize with the signature over what comes before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthPolicy {
    /// What people call it.
    pub name: Option<String>,
    /// The statements, the PolicyAuthorize last.
    pub statements: Vec<Statement>,
}
