//! The policy paths that failed, and the entities that refused the password. No entity is asked twice.

use keyfile::Name;

use super::step::PolicyPath;
use crate::error::{Error, ErrorKind};

/// The paths that failed.
#[derive(Default)]
pub(super) struct FailedPaths {
    pub(super) errors: Vec<Error>,
    /// The entities that refused the password. They are not asked again.
    pub(super) refused: Vec<Refuser>,
}

/// An entity that refused the password.
#[derive(PartialEq, Eq)]
pub(super) enum Refuser {
    /// The key itself.
    Key,
    /// The entity of a PolicySecret.
    Entity(Name),
}

impl Refuser {
    /// Returns who refused the password: the entity of the failed statement, or the key when it was used.
    fn by(error: &Error, path: &PolicyPath<'_>) -> Option<Self> {
        match error.policy_failures().first() {
            Some(failure) => {
                path.secret_at(&failure.position).map(|secret| Self::Entity(secret.name.clone()))
            }
            None => path.asks_for_auth_value().then_some(Self::Key),
        }
    }
}

impl FailedPaths {
    pub(super) fn would_be_refused(&self, path: &PolicyPath<'_>) -> bool {
        self.refused.iter().any(|asked| match asked {
            Refuser::Key => path.asks_for_auth_value(),
            Refuser::Entity(name) => path.secrets().any(|secret| secret.name == *name),
        })
    }

    pub(super) fn note(&mut self, error: Error, path: &PolicyPath<'_>) {
        // Only refusals that the TPM answered, now or earlier.
        let refused = matches!(error.kind(), ErrorKind::Authorization | ErrorKind::PasswordMissing);
        if refused && error.code().is_some() {
            self.refused.extend(Refuser::by(&error, path));
        }
        self.errors.push(error);
    }

    /// Combines all failures into one error.
    pub(super) fn error(mut self) -> Error {
        if self.errors.len() <= 1 {
            let none = || Error::new(ErrorKind::Policy, "the file contains no way to satisfy the policy");
            return self.errors.pop().unwrap_or_else(none);
        }
        let kinds =
            [ErrorKind::PasswordMissing, ErrorKind::Authorization, ErrorKind::Lockout, ErrorKind::Policy];
        let has = |kind: &ErrorKind| self.errors.iter().any(|error| error.kind() == *kind);
        let kind = kinds.into_iter().find(has).unwrap_or(ErrorKind::Policy);
        let causes: Vec<String> = self.errors.iter().map(|error| error.cause().to_string()).collect();
        let text = format!("none of {} signed policies passes: {}", causes.len(), causes.join("; "));
        let spared = self.errors.iter().find(|error| error.kind() == ErrorKind::Lockout);
        let advice = spared.and_then(Error::advice).map(str::to_owned);
        let failures = self.errors.into_iter().flat_map(Error::into_failures).collect();
        let error = Error::new(kind, text).with_failures(failures);
        match advice {
            Some(advice) => error.advise(advice),
            None => error,
        }
    }
}
