//! A policy statement that did not pass, in a form for programs.

use std::fmt;

use keyfile::CommandCode;

/// A policy statement that did not pass. Its Display is a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its position in the file.
    pub position: StatementPosition,
    /// Its command.
    pub command: CommandCode,
    /// The reason: `PCR 7 (sha256) has changed`.
    pub reason: String,
}

/// The position of a statement in a key file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementPosition {
    /// The signed policy that it belongs to; None for the policy of the key itself.
    pub signed: Option<Signed>,
    /// Its number, from 0.
    pub index: usize,
}

/// A signed policy of a key file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Its number, from 0, the newest first.
    pub index: usize,
    /// Its name, for people.
    pub name: Option<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.position, self.command, self.reason)
    }
}

impl fmt::Display for StatementPosition {
    /// Writes the position, counted from 1.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement {} of ", self.index.saturating_add(1))?;
        match &self.signed {
            Some(signed) => signed.fmt(f),
            None => f.write_str("the policy"),
        }
    }
}

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "signed policy {}", self.index.saturating_add(1))?;
        match &self.name {
            Some(name) => write!(f, " ({name:?})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_displayed_as_a_sentence() {
        let mut failure = Failure {
            position: StatementPosition { signed: None, index: 1 },
            command: CommandCode::POLICY_PCR,
            reason: "PCR 7 (sha256) has changed".into(),
        };
        let text = "statement 2 of the policy (TPM2_PolicyPCR): PCR 7 (sha256) has changed";
        assert_eq!(failure.to_string(), text);
        failure.position.signed = Some(Signed { index: 0, name: Some("spring".into()) });
        assert!(
            failure.to_string().starts_with("statement 2 of signed policy 1 (\"spring\") ("),
            "{failure}"
        );
    }
}
