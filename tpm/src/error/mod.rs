//! The one error of this crate: what was attempted, on what, what the TPM answered, and what to do next.

mod failure;

pub use failure::{Failure, Place, Signed};

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use keyfile::wire::WireError;
use keyfile::{Handle, Name};

use crate::crypto::CryptoError;
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
}

/// What sort of failure it is, for callers that act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no TPM, or no way to it.
    NoTpm,
    /// The password of the key is wrong.
    Authorization,
    /// The key has a password, and none was given.
    PasswordMissing,
    /// Too many wrong passwords: the TPM refuses every one for a time.
    Lockout,
    /// The password of the parent or of the hierarchy is wrong or missing.
    ParentAuthorization,
    /// All object or session slots of the TPM are taken by others.
    ObjectMemory,
    /// The policy of the key is not fulfilled.
    Policy,
    /// This TPM, or this version of the program, cannot do it.
    Unsupported,
    /// An answer did not come from the TPM as it arrived, or an object is not what it should be.
    Integrity,
    /// This process was forked from one that used a TPM connection that does not survive fork.
    Forked,
    /// The connection to the TPM broke.
    Io,
    /// Nothing is at the handle.
    NoObject,
    /// The NV index was never written.
    NotWritten,
    /// The TPM refused for another reason.
    Tpm,
    /// What was handed in cannot be right.
    Input,
}

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
        }))
    }

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

    /// A statement of a policy that did not pass.
    pub(crate) fn statement(kind: ErrorKind, failure: Failure) -> Self {
        Self::new(kind, failure.to_string()).with_failures(vec![failure])
    }

    /// The TPM's answer to a command.
    pub(crate) fn refused(attempt: impl Into<Cow<'static, str>>, code: ResponseCode) -> Self {
        let error = Self::new(kind_of(code), attempt).answer(code.0);
        match advice_on(code) {
            Some(advice) => error.advise(advice),
            None => error,
        }
    }

    /// A broken connection.
    pub(crate) fn io(attempt: &'static str, code: u32) -> Self {
        Self::new(ErrorKind::Io, attempt).answer(code)
    }

    /// An answer that was not to be believed.
    pub(crate) fn integrity(attempt: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Integrity, attempt)
            .advise("something between this program and the TPM alters what they say, or two programs use one session")
    }

    /// Adds the code that was answered.
    #[must_use]
    pub(crate) fn answer(mut self, code: u32) -> Self {
        self.0.code = Some(ResponseCode(code));
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<Cow<'static, str>>) -> Self {
        self.0.advice = Some(advice.into());
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

    /// The handle that the failed command named, and what should be there.
    pub(crate) fn object(&self) -> Option<(Handle, Option<&Name>)> {
        self.0.object.as_ref().map(|(handle, name)| (*handle, name.as_ref()))
    }

    /// Keeps the statements that did not pass.
    #[must_use]
    pub(crate) fn with_failures(mut self, failures: Vec<Failure>) -> Self {
        self.0.failures = failures;
        self
    }

    /// Gives them on.
    pub(crate) fn into_failures(self) -> Vec<Failure> {
        self.0.failures
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

    pub(crate) fn code(&self) -> Option<ResponseCode> {
        self.0.code
    }

    /// The same without the number of the handle, parameter or session that it is about.
    pub(crate) fn base_code(&self) -> Option<ResponseCode> {
        self.0.code.map(ResponseCode::base)
    }
}

fn kind_of(code: ResponseCode) -> ErrorKind {
    match code.base() {
        ResponseCode::AUTH_FAIL | ResponseCode::BAD_AUTH => ErrorKind::Authorization,
        ResponseCode::LOCKOUT => ErrorKind::Lockout,
        ResponseCode::OBJECT_MEMORY
        | ResponseCode::OBJECT_HANDLES
        | ResponseCode::SESSION_MEMORY
        | ResponseCode::SESSION_HANDLES => ErrorKind::ObjectMemory,
        ResponseCode::POLICY
        | ResponseCode::POLICY_FAIL
        | ResponseCode::PCR_CHANGED
        | ResponseCode::POLICY_CC
        | ResponseCode::LOCALITY
        | ResponseCode::AUTH_UNAVAILABLE => ErrorKind::Policy,
        ResponseCode::COMMAND_CODE
        | ResponseCode::CURVE
        | ResponseCode::SCHEME
        | ResponseCode::HASH
        | ResponseCode::KEY_SIZE => ErrorKind::Unsupported,
        ResponseCode::HANDLE => ErrorKind::NoObject,
        ResponseCode::NV_UNINITIALIZED => ErrorKind::NotWritten,
        _ => ErrorKind::Tpm,
    }
}

fn advice_on(code: ResponseCode) -> Option<&'static str> {
    match code.base() {
        ResponseCode::OBJECT_MEMORY | ResponseCode::OBJECT_HANDLES => {
            Some("use a resource manager (/dev/tpmrm0), or free the places with tpm2_flushcontext -t")
        }
        ResponseCode::SESSION_MEMORY | ResponseCode::SESSION_HANDLES => Some(
            "use a resource manager (/dev/tpmrm0), or free the places with tpm2_flushcontext -l and tpm2_flushcontext -s",
        ),
        ResponseCode::CONTEXT_GAP => {
            Some("restart the program that does; if it is this one, look at session_keep")
        }
        ResponseCode::INITIALIZE => Some("restart the machine, or send TPM2_Startup (tpm2_startup -c)"),
        _ => None,
    }
}

/// The error without its advice, for those who tell both apart.
pub struct Cause<'a>(&'a Parts);

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.attempt)?;
        match (&self.0.subject, &self.0.object) {
            (Some(subject), _) => write!(f, " ({subject})")?,
            (None, Some((handle, _))) => write!(f, " ({handle})")?,
            (None, None) => {}
        }
        if let Some(code) = &self.0.code {
            write!(f, ": {code}")?;
        }
        if let Some(source) = &self.0.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause().fmt(f)?;
        match &self.0.advice {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| -> &(dyn StdError + 'static) { source })
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
