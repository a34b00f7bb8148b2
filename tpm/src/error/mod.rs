//! The one error of this crate: what was attempted, on what, what the TPM answered, and what to do next.

mod build;
mod display;
mod failure;
mod kind;

use display::Cause;
pub use display::HINT;
pub use failure::{Failure, Place, Signed};
pub use kind::ErrorKind;

use std::borrow::Cow;
use std::error::Error as StdError;

use keyfile::{Handle, Name};

use crate::rc::ResponseCode;

/// Why something that needed the TPM did not happen.
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

/// Whether the TPM was asked at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Recall {
    /// It was, or there was no need to.
    #[default]
    Not,
    /// It has answered so before, and was not asked again.
    Remembered,
    /// Somebody else is asking it just now.
    BeingTried,
    /// The command did not get as far.
    NotSent,
}

impl Error {
    /// Which kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The response code as it came, layer and all, when the TPM or something on the way answered.
    #[must_use]
    pub fn response_code(&self) -> Option<u32> {
        self.0.code.map(|code| code.0)
    }

    /// What happened, without the advice.
    #[must_use]
    pub fn cause(&self) -> Cause<'_> {
        Cause(&self.0)
    }

    /// What to do next, where there is something to say.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.0.advice.as_deref()
    }

    /// The statements of the key's policy that did not pass; several when there are several signed policies.
    #[must_use]
    pub fn policy_failures(&self) -> &[Failure] {
        &self.0.failures
    }

    /// The handle that the failed command named, and what should be there.
    pub(crate) fn object(&self) -> Option<(Handle, Option<&Name>)> {
        self.0.object.as_ref().map(|(handle, name)| (*handle, name.as_ref()))
    }

    /// Gives them on.
    pub(crate) fn into_failures(self) -> Vec<Failure> {
        self.0.failures
    }

    /// Whether the TPM has answered so before, and was not asked again.
    #[must_use]
    pub fn is_remembered(&self) -> bool {
        self.0.recall == Recall::Remembered
    }

    /// Whether another process tries the same password just now.
    pub(crate) fn is_being_tried(&self) -> bool {
        self.0.recall == Recall::BeingTried
    }

    /// Whether the command was not sent, so that the TPM has done nothing.
    pub(crate) fn is_not_sent(&self) -> bool {
        self.0.recall == Recall::NotSent
    }

    /// Whether it says nothing about what was asked for: the connection broke, or the TPM had no time.
    pub(crate) fn is_no_answer(&self) -> bool {
        let busy = self.0.code.is_some_and(ResponseCode::is_busy);
        busy || matches!(self.0.kind, ErrorKind::Io | ErrorKind::Timeout)
    }

    pub(crate) fn code(&self) -> Option<ResponseCode> {
        self.0.code
    }

    /// The same without the number of the handle, parameter or session that it is about.
    pub(crate) fn base_code(&self) -> Option<ResponseCode> {
        self.0.code.map(ResponseCode::base)
    }
}
