//! Constructors of errors, and methods that add details.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use keyfile::wire::WireError;
use keyfile::{Handle, Name};

use super::kind::{advice_on, kind_of};
use super::{Error, ErrorKind, Failure, Parts, Recall};
use crate::rc::ResponseCode;
use crypto::CryptoError;

impl Error {
    /// Creates an error of this kind. `attempt` says what was attempted, or why it is impossible.
    #[must_use]
    pub fn new(kind: ErrorKind, attempt: impl Into<Cow<'static, str>>) -> Self {
        let attempt = attempt.into();
        Self(Box::new(Parts {
            kind,
            attempt,
            subject: None,
            object: None,
            code: None,
            advice: None,
            failures: Vec::new(),
            source: None,
            recall: Recall::Not,
        }))
    }

    /// Creates the error of a policy statement that did not pass.
    pub(crate) fn statement(kind: ErrorKind, failure: Failure) -> Self {
        Self::new(kind, failure.to_string()).with_failures(vec![failure])
    }

    /// Creates the error of a command that the TPM has refused.
    pub(crate) fn refused(attempt: impl Into<Cow<'static, str>>, code: ResponseCode) -> Self {
        let error = Self::new(kind_of(code), attempt).with_code(code.0);
        match advice_on(code) {
            Some(advice) => error.advise(advice),
            None => error,
        }
    }

    /// Creates the error of a remembered answer: the command is not sent again.
    pub(crate) fn remembered(attempt: &'static str, code: ResponseCode) -> Self {
        let mut error = Self::new(kind_of(code), attempt).with_code(code.0);
        error.0.recall = Recall::Remembered;
        error
    }

    /// Creates the error of a password that another thread or process tries now.
    pub(crate) fn being_tried() -> Self {
        let mut error = Self::new(
            ErrorKind::Lockout,
            "the password is not tried, because another thread or process is trying it, and has no answer yet",
        )
        .advise("wait, and try again");
        error.0.recall = Recall::BeingTried;
        error
    }

    /// Marks the error of a command that was not sent.
    #[must_use]
    pub(crate) fn not_sent(mut self) -> Self {
        self.0.recall = Recall::NotSent;
        self
    }

    /// Copies the mark that the TPM was not asked again.
    #[must_use]
    pub(crate) fn with_recall_of(mut self, other: &Self) -> Self {
        self.0.recall = other.0.recall;
        self
    }

    /// Creates the error of a broken connection with a response code.
    pub(crate) fn io(attempt: &'static str, code: u32) -> Self {
        Self::new(ErrorKind::Io, attempt).with_code(code)
    }

    /// Creates the error of a broken connection with the cause from the system.
    pub(crate) fn broken(attempt: &'static str, cause: std::io::Error) -> Self {
        Self::new(ErrorKind::Io, attempt).because(cause)
    }

    /// Creates the error of a connection that broke earlier.
    pub(crate) fn lost() -> Self {
        Self::new(ErrorKind::Io, "the connection to the TPM was lost")
    }

    /// Creates the error of an answer that is not authentic.
    pub(crate) fn integrity(attempt: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Integrity, attempt)
            .advise("something changes the traffic between this program and the TPM, or two programs use the same session")
    }

    /// Turns the refusal of an empty password into an integrity error: the entity has no other password.
    pub(crate) fn empty_password_refused(self, who: impl fmt::Display) -> Self {
        let Parts { attempt, code, .. } = *self.0;
        let name = code.and_then(ResponseCode::name).unwrap_or_default();
        Self::integrity(format!(
            "{attempt}: the TPM refuses the empty password of {who}, which has no other ({name})"
        ))
    }

    /// Turns a refused password of a command without password into an integrity error: the command was changed in transit.
    pub(crate) fn command_altered(self) -> Self {
        let Parts { attempt, code, object, .. } = *self.0;
        let name = code.and_then(ResponseCode::name).unwrap_or_default();
        let error = Self::integrity(format!("{attempt}: the command was changed in transit ({name})"));
        match object {
            Some((handle, _)) => error.at(handle, None),
            None => error,
        }
    }

    /// Adds the response code.
    #[must_use]
    pub(crate) fn with_code(mut self, code: u32) -> Self {
        self.0.code = Some(ResponseCode(code));
        self
    }

    /// Adds the advice. The advice of a remembered error is kept after it.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<Cow<'static, str>>) -> Self {
        let advice = advice.into();
        self.0.advice = Some(match self.0.advice.take() {
            Some(before) if self.is_remembered() => format!("{advice}: {before}").into(),
            _ => advice,
        });
        self
    }

    /// Adds the key or handle. The first one that is added is kept.
    #[must_use]
    #[cold]
    #[inline(never)]
    pub fn on(mut self, subject: impl fmt::Display) -> Self {
        self.0.subject.get_or_insert_with(|| subject.to_string());
        self
    }

    /// Adds the handle and the Name of the object that was expected there.
    #[must_use]
    pub(crate) fn at(mut self, handle: Handle, name: Option<&Name>) -> Self {
        self.0.object = Some((handle, name.cloned()));
        self
    }

    /// Adds the policy statements that did not pass.
    #[must_use]
    pub(crate) fn with_failures(mut self, failures: Vec<Failure>) -> Self {
        self.0.failures = failures;
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// Changes the kind, when more is known than the response code shows.
    #[must_use]
    pub(crate) fn of_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }
}

impl From<WireError> for Error {
    fn from(cause: WireError) -> Self {
        Self::new(ErrorKind::Integrity, "the TPM's answer cannot be read").because(cause)
    }
}

impl From<CryptoError> for Error {
    fn from(cause: CryptoError) -> Self {
        Self::new(ErrorKind::Unsupported, "cannot prepare a protected command").because(cause)
    }
}
