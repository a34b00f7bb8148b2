//! What a look at a policy finds: whether it would pass now.

use keyfile::policy::Statement;

use crate::error::{Place, Signed};

/// One way to satisfy a policy, as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
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
    pub place: Place,
    /// The statement; its Display is what it demands, in a sentence.
    pub statement: Statement,
    /// Whether it passes.
    pub verdict: Verdict,
}

/// Whether a statement passes now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Passes,
    /// With the right password.
    WithPassword,
    /// That depends on how the key is used.
    DependsOnUse,
    /// No, because of this: `PCR 7 (sha256) has changed`.
    Refused(String),
}

impl Checked {
    /// Whether the key can be used this way now: the worst of all verdicts.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if !self.leads_to_key {
            return Verdict::Refused(
                "the statements in the file do not lead to the policy of the key".into(),
            );
        }
        let verdicts = || self.statements.iter().map(|checked| &checked.verdict);
        let has = |wanted: &Verdict| verdicts().any(|verdict| verdict == wanted);
        match verdicts().find(|verdict| matches!(verdict, Verdict::Refused(_))) {
            Some(refused) => refused.clone(),
            None if has(&Verdict::DependsOnUse) => Verdict::DependsOnUse,
            None if has(&Verdict::WithPassword) => Verdict::WithPassword,
            None => Verdict::Passes,
        }
    }
}
