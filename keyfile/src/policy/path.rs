//! The ways to satisfy a key's policy, in the order to try them.

use super::{AuthPolicy, Statement};

/// The statements that one policy session runs, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path<'a> {
    /// The statements.
    pub statements: Vec<&'a Statement>,
}

impl<'a> Path<'a> {
    /// Returns the policy itself if there are no signed policies. Otherwise returns one path for each signed policy, the newest first: it
    /// replaces the PolicyAuthorize at the beginning of the policy.
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
