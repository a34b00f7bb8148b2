//! The statements of a file as steps to take, in the order to take them.

use keyfile::policy::{Condition, Statement};
use keyfile::{Handle, KeyFile};

use super::Failure;
use super::failure::{Place, Signed};
use crate::error::{Error, ErrorKind};

/// One statement.
pub(crate) struct Step<'a> {
    pub(crate) place: Place,
    pub(crate) statement: &'a Statement,
    pub(crate) condition: Condition,
}

/// One way to satisfy a policy.
pub(crate) struct Way<'a> {
    /// The signed policy that it begins with.
    pub(crate) signed: Option<Signed>,
    pub(crate) steps: Vec<Step<'a>>,
}

impl<'a> Way<'a> {
    /// All ways of the file, in the order to try them.
    pub(crate) fn all(file: &'a KeyFile) -> impl Iterator<Item = Result<Self, Error>> {
        file.policy_paths().into_iter().enumerate().map(|(index, path)| {
            let signed = file.auth_policies.get(index);
            let of_signed = signed.map_or(0, |signed| signed.statements.len());
            let signed = signed.map(|signed| Signed { index, name: signed.name.clone() });
            let place = |at: usize| match at.checked_sub(of_signed) {
                // The PolicyAuthorize that the policy begins with was the last statement of the signed one.
                Some(after) => {
                    Place { signed: None, index: after.saturating_add(usize::from(of_signed > 0)) }
                }
                None => Place { signed: signed.clone(), index: at },
            };
            let steps = path.statements.into_iter().enumerate();
            let steps = steps.map(|(at, statement)| Step::new(place(at), statement));
            let steps = steps.collect::<Result<_, _>>()?;
            Ok(Self { signed, steps })
        })
    }

    /// Whether the password of the key is part of it.
    pub(crate) fn asks_for_auth_value(&self) -> bool {
        self.steps.iter().any(|step| step.condition == Condition::AuthValue)
    }

    /// The others whose passwords are part of it.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = Option<Handle>> {
        self.steps.iter().filter_map(|step| match &step.condition {
            Condition::Secret(secret) => Some(secret.entity()),
            _ => None,
        })
    }

    /// Whether a password is part of it.
    pub(crate) fn asks_for_password(&self) -> bool {
        self.asks_for_auth_value() || self.secrets().next().is_some()
    }
}

impl<'a> Step<'a> {
    fn new(place: Place, statement: &'a Statement) -> Result<Self, Error> {
        match statement.condition() {
            Ok(condition) => Ok(Self { place, statement, condition }),
            Err(problem) => {
                let failure = Failure { place, command: statement.command, reason: problem.to_string() };
                Err(Error::statement(ErrorKind::Unsupported, failure))
            }
        }
    }

    /// That it did not pass, for this reason.
    pub(crate) fn failure(&self, reason: impl Into<String>) -> Failure {
        Failure { place: self.place.clone(), command: self.statement.command, reason: reason.into() }
    }
}
