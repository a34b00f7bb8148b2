//! The ways to satisfy a key's policy, in the order to try them.

use super::{AuthPolicy, Statement};

/// Statements that one policy session runs, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path<'a> {
    /// The statements.
    pub statements: Vec<&'a Statement>,
}

impl<'a> Path<'a> {
    /// The policy itself; or each signed policy, the newest first, with what follows the PolicyAuthorize that the
    /// policy begins with.
    pub(crate) fn all(policy: &'a [Statement], signed: &'a [AuthPolicy]) -> Vec<Self> {
        if signed.is_empty() {
            return vec![Self { statements: policy.iter().collect() }];
        }
        let path = |signed: &'a AuthPolicy| Self {
            statements: signed.statements.iter().chain(policy.iter().skip(1)).collect(),
        };
        signed.iter().map(path).collect()
    }
}
