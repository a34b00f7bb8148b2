//! The result of a policy check: what would pass now.

use keyfile::policy::Statement;

use crate::error::{Signed, StatementPosition};

/// One path through a policy, with its present result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedPath {
    /// The signed policy at its beginning, if any.
    pub signed: Option<Signed>,
    /// Its statements, in the order in which they run.
    pub statements: Vec<CheckedStatement>,
    /// True if the statements lead to the policy digest of the key. Otherwise the path cannot pass.
    pub leads_to_key: bool,
}

/// One statement, with its present result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedStatement {
    /// Its position in the file.
    pub position: StatementPosition,
    /// The statement. Its Display is a sentence that says what it demands.
    pub statement: Statement,
    /// Its result.
    pub outcome: Outcome,
}

/// The result of a statement or path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It passes.
    Passes,
    /// It passes with the right password.
    WithPassword,
    /// It depends on how the key is used.
    DependsOnUse,
    /// It does not pass, for this reason: `PCR 7 (sha256) has changed`.
    Refused(String),
}

impl CheckedPath {
    /// Returns the result of this path: the worst of the results of its statements.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if !self.leads_to_key {
            return Outcome::Refused(
                "the statements in the file do not lead to the policy of the key".into(),
            );
        }
        let outcomes = || self.statements.iter().map(|checked| &checked.outcome);
        let has = |wanted: &Outcome| outcomes().any(|outcome| outcome == wanted);
        match outcomes().find(|outcome| matches!(outcome, Outcome::Refused(_))) {
            Some(refused) => refused.clone(),
            None if has(&Outcome::DependsOnUse) => Outcome::DependsOnUse,
            None if has(&Outcome::WithPassword) => Outcome::WithPassword,
            None => Outcome::Passes,
        }
    }
}
