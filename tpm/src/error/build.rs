//! What an error is made of, bit by bit, on its way up.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use keyfile::wire::WireError;
use keyfile::{Handle, Name};

use super::kind::{advice_on, kind_of};
use super::{Error, ErrorKind, Failure, Parts, Recall};
use crate::crypto::CryptoError;
use crate::rc::ResponseCode;

impl Error {
    /// A failure of this kind; `attempt` says what was attempted, or why it cannot be.
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

    /// A statement of a policy that did not pass.
    pub(crate) fn statement(kind: ErrorKind, failure: Failure) -> Self {
        Self::new(kind, failure.to_string()).with_failures(vec![failure])
    }

    /// The TPM's answer to a command.
    pub(crate) fn refused(attempt: impl Into<Cow<'static, str>>, code: ResponseCode) -> Self {
        let error = Self::new(kind_of(code), attempt).with_code(code.0);
        match advice_on(code) {
            Some(advice) => error.advise(advice),
            None => error,
        }
    }

    /// An answer that the TPM has given before, and is not asked for again.
    pub(crate) fn remembered(attempt: &'static str, code: ResponseCode) -> Self {
        let mut error = Self::new(kind_of(code), attempt).with_code(code.0);
        error.0.recall = Recall::Remembered;
        error
    }

    /// Another process tries the same password just now.
    pub(crate) fn being_tried() -> Self {
        let mut error = Self::new(
            ErrorKind::Lockout,
            "the password is not tried, because another thread or process is trying it, and has no answer yet",
        )
        .advise("wait, and try again");
        error.0.recall = Recall::BeingTried;
        error
    }

    /// Keeps in mind that the command was not sent.
    #[must_use]
    pub(crate) fn not_sent(mut self) -> Self {
        self.0.recall = Recall::NotSent;
        self
    }

    /// Keeps in mind that the TPM was not asked again.
    #[must_use]
    pub(crate) fn with_recall_of(mut self, other: &Self) -> Self {
        self.0.recall = other.0.recall;
        self
    }

    /// A broken connection.
    pub(crate) fn io(attempt: &'static str, code: u32) -> Self {
        Self::new(ErrorKind::Io, attempt).with_code(code)
    }

    /// A connection that broke, by what the system says.
    pub(crate) fn broken(attempt: &'static str, cause: std::io::Error) -> Self {
        Self::new(ErrorKind::Io, attempt).because(cause)
    }

    /// A connection that broke before.
    pub(crate) fn lost() -> Self {
        Self::new(ErrorKind::Io, "the connection to the TPM was lost")
    }

    /// An answer that was not to be believed.
    pub(crate) fn integrity(attempt: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Integrity, attempt)
            .advise("something between this program and the TPM alters what they say, or two programs use one session")
    }

    /// A refusal of the empty password by what has no other: then it is no matter of passwords.
    pub(crate) fn empty_password_refused(self, who: impl fmt::Display) -> Self {
        let Parts { attempt, code, .. } = *self.0;
        let name = code.and_then(ResponseCode::name).unwrap_or_default();
        Self::integrity(format!(
            "{attempt}: the TPM refuses the empty password of {who}, which has no other ({name})"
        ))
    }

    /// A refused password of a command that takes none: the TPM was asked about something else, or by somebody else.
    pub(crate) fn command_altered(self) -> Self {
        let Parts { attempt, code, object, .. } = *self.0;
        let name = code.and_then(ResponseCode::name).unwrap_or_default();
        let error = Self::integrity(format!("{attempt}: the command was altered on its way ({name})"));
        match object {
            Some((handle, _)) => error.at(handle, None),
            None => error,
        }
    }

    /// Adds the code that was answered.
    #[must_use]
    pub(crate) fn with_code(mut self, code: u32) -> Self {
        self.0.code = Some(ResponseCode(code));
        self
    }

    /// Says what to do next; of what is only remembered, what was said about that stays.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<Cow<'static, str>>) -> Self {
        let advice = advice.into();
        self.0.advice = Some(match self.0.advice.take() {
            Some(before) if self.is_remembered() => format!("{advice}: {before}").into(),
            _ => advice,
        });
        self
    }

    /// Says on which key or handle it happened; the innermost saying stands.
    #[must_use]
    pub fn on(mut self, subject: impl fmt::Display) -> Self {
        self.0.subject.get_or_insert_with(|| subject.to_string());
        self
    }

    /// Says at which handle it happened, and what should be there.
    #[must_use]
    pub(crate) fn at(mut self, handle: Handle, name: Option<&Name>) -> Self {
        self.0.object = Some((handle, name.cloned()));
        self
    }

    /// Keeps the statements that did not pass.
    #[must_use]
    pub(crate) fn with_failures(mut self, failures: Vec<Failure>) -> Self {
        self.0.failures = failures;
        self
    }

    /// Keeps the cause.
    #[must_use]
    pub fn because(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// Says that it is of another kind than the answer alone tells.
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
        Self::new(ErrorKind::Unsupported, "preparing a protected command").because(cause)
    }
}
