//! The error type of this crate: what was attempted, on what, what the TPM answered, and what to do next.

mod build;
mod display;
mod failure;
mod kind;

use display::Cause;
pub use display::HINT;
pub use failure::{Failure, Signed, StatementPosition};
pub use kind::ErrorKind;

use std::borrow::Cow;
use std::error::Error as StdError;

use keyfile::{Handle, Name};

use crate::rc::ResponseCode;

/// An error of an operation that needed the TPM.
pub struct Error(Box<Parts>);

struct Parts {
    kind: ErrorKind,
    attempt: Cow<'static, str>,
    subject: Option<String>,
    object: Option<(Handle, Option<Name>)>,
    code: Option<ResponseCode>,
    advice: Option<Cow<'static, str>>,
    failures: Vec<Failure>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    recall: Recall,
}

/// How the error was obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Recall {
    /// The TPM has answered, or no command was needed.
    #[default]
    Not,
    /// The TPM has answered so earlier, and was not asked again.
    Remembered,
    /// Another thread or process asks the TPM now.
    BeingTried,
    /// The command was not sent.
    NotSent,
}

impl Error {
    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the response code as received, including its layer, if the TPM or a layer above it answered.
    #[must_use]
    pub fn response_code(&self) -> Option<u32> {
        self.0.code.map(|code| code.0)
    }

    /// Returns the text without the advice.
    #[must_use]
    pub fn cause(&self) -> Cause<'_> {
        Cause(&self.0)
    }

    /// Returns what to do next, if there is advice.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.0.advice.as_deref()
    }

    /// Returns the statements of the key's policy that did not pass. There may be several if there are several signed policies.
    #[must_use]
    pub fn policy_failures(&self) -> &[Failure] {
        &self.0.failures
    }

    /// Returns the handle that the failed command named, and the Name of the object expected there.
    pub(crate) fn object(&self) -> Option<(Handle, Option<&Name>)> {
        self.0.object.as_ref().map(|(handle, name)| (*handle, name.as_ref()))
    }

    /// Returns the policy statements that did not pass.
    pub(crate) fn into_failures(self) -> Vec<Failure> {
        self.0.failures
    }

    /// Returns true if the TPM has given this answer earlier and was not asked again.
    #[must_use]
    pub fn is_remembered(&self) -> bool {
        self.0.recall == Recall::Remembered
    }

    /// Returns true if another thread or process tries the same password now.
    pub(crate) fn is_being_tried(&self) -> bool {
        self.0.recall == Recall::BeingTried
    }

    /// Returns true if the command was not sent, so that the TPM has not executed it.
    pub(crate) fn is_not_sent(&self) -> bool {
        self.0.recall == Recall::NotSent
    }

    /// Returns true if the error contains no answer about the object: the connection broke, or the TPM was busy.
    pub(crate) fn is_without_answer(&self) -> bool {
        let busy = self.0.code.is_some_and(ResponseCode::is_busy);
        busy || matches!(self.0.kind, ErrorKind::Io | ErrorKind::Timeout)
    }

    pub(crate) fn code(&self) -> Option<ResponseCode> {
        self.0.code
    }

    /// Returns the code without the number of the handle, parameter or session that it names.
    pub(crate) fn base_code(&self) -> Option<ResponseCode> {
        self.0.code.map(ResponseCode::base)
    }
}
