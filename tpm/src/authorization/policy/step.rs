//! The statements of a file as steps, in the order in which they run.

use keyfile::policy::{Condition, Problem, Secret, Statement, digest};
use keyfile::{HashAlg, KeyFile};

use crate::error::{Error, ErrorKind, Failure, Signed, StatementPosition};

/// One statement of a policy path.
pub(crate) struct Step<'a> {
    pub(crate) position: StatementPosition,
    pub(crate) statement: &'a Statement,
    condition: Result<Condition, Problem>,
}

/// One path through a policy.
pub(crate) struct PolicyPath<'a> {
    /// The signed policy at its beginning, if any.
    pub(crate) signed: Option<Signed>,
    pub(crate) steps: Vec<Step<'a>>,
}

impl<'a> PolicyPath<'a> {
    /// Returns all paths of the file, in the order in which they are tried.
    pub(crate) fn all(file: &'a KeyFile) -> impl Iterator<Item = Self> {
        file.policy_paths().into_iter().enumerate().map(|(index, path)| {
            let signed = file.auth_policies.get(index);
            let of_signed = signed.map_or(0, |signed| signed.statements.len());
            let signed = signed.map(|signed| Signed { index, name: signed.name.clone() });
            let position = |at: usize| match at.checked_sub(of_signed) {
                // The PolicyAuthorize at the start of the policy is the last statement of the signed policy.
                Some(after) => StatementPosition {
                    signed: None,
                    index: after.saturating_add(usize::from(of_signed > 0)),
                },
                None => StatementPosition { signed: signed.clone(), index: at },
            };
            let step = |(at, statement): (usize, &'a Statement)| Step {
                position: position(at),
                statement,
                condition: statement.condition(),
            };
            let steps = path.statements.into_iter().enumerate().map(step).collect();
            Self { signed, steps }
        })
    }

    /// Returns the policy digest of this path.
    ///
    /// # Errors
    /// A statement is damaged, or not supported in a file.
    pub(crate) fn digest(&self, hash: HashAlg) -> Result<Vec<u8>, Error> {
        self.digest_before(self.steps.len(), hash)
    }

    /// Returns the policy digest after the first `at` steps.
    ///
    /// # Errors
    /// As [`PolicyPath::digest`].
    pub(crate) fn digest_before(&self, at: usize, hash: HashAlg) -> Result<Vec<u8>, Error> {
        let statements = self.steps.iter().take(at).map(|step| step.statement);
        digest(statements, hash).map_err(|error| Error::new(ErrorKind::Policy, error.to_string()))
    }

    /// Returns true if the path uses the password of the key.
    pub(crate) fn asks_for_auth_value(&self) -> bool {
        self.conditions().any(|condition| *condition == Condition::AuthValue)
    }

    /// Returns the entities whose passwords the path uses.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.steps.iter().filter_map(Step::secret)
    }

    /// Returns the entity whose password the statement at this position uses.
    pub(crate) fn secret_at(&self, position: &StatementPosition) -> Option<&Secret> {
        self.steps.iter().find(|step| step.position == *position)?.secret()
    }

    /// Returns true if the path uses any password.
    pub(crate) fn asks_for_password(&self) -> bool {
        self.asks_for_auth_value() || self.secrets().next().is_some()
    }

    /// Returns the first step whose condition is wanted.
    pub(crate) fn step_with(&self, wanted: impl Fn(&Condition) -> bool) -> Option<(&Step<'a>, &Condition)> {
        let steps = self.steps.iter().filter_map(|step| Some((step, step.condition.as_ref().ok()?)));
        steps.into_iter().find(|(_, condition)| wanted(condition))
    }

    fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.steps.iter().filter_map(|step| step.condition.as_ref().ok())
    }
}

impl Step<'_> {
    /// Returns the entity whose password it uses, if it is a PolicySecret.
    pub(crate) fn secret(&self) -> Option<&Secret> {
        match &self.condition {
            Ok(Condition::Secret(secret)) => Some(secret),
            _ => None,
        }
    }

    /// Returns the condition that it demands.
    ///
    /// # Errors
    /// It is damaged, or not supported in a file.
    pub(crate) fn condition(&self) -> Result<&Condition, Error> {
        let refused =
            |problem: &Problem| Error::statement(ErrorKind::Unsupported, self.failure(problem.to_string()));
        self.condition.as_ref().map_err(refused)
    }

    /// Returns the failure of this statement with its reason.
    pub(crate) fn failure(&self, reason: impl Into<String>) -> Failure {
        Failure { position: self.position.clone(), command: self.statement.command, reason: reason.into() }
    }
}
