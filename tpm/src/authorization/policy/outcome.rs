//! What a look at a policy finds: whether it would pass now.

use keyfile::policy::Statement;

use crate::error::{Signed, StatementPosition};

/// One path to satisfy a policy, as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedPath {
    /// The signed policy that it begins with.
    pub signed: Option<Signed>,
    /// Its statements, in the order in which they run.
    pub statements: Vec<CheckedStatement>,
    /// Whether the statements lead to the policy digest of the key; if not, nothing else helps.
    pub leads_to_key: bool,
}

/// One statement, as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedStatement {
    /// Where it stands in the file.
    pub position: StatementPosition,
    /// The statement; its Display is what it demands, in a sentence.
    pub statement: Statement,
    /// Whether it passes.
    pub outcome: Outcome,
}

/// Whether a statement passes now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Yes.
    Passes,
    /// With the right password.
    WithPassword,
    /// That depends on how the key is used.
    DependsOnUse,
    /// No, because of this: `PCR 7 (sha256) has changed`.
    Refused(String),
}

impl CheckedPath {
    /// Whether the key can be used this path now: the worst of all outcomes.
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
