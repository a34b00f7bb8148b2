//! The error type of the operations.

mod hint;

use std::borrow::Cow;
use std::fmt;

use missing::error::Failure;
use tpm::{ErrorKind, HINT};

use hint::Hint;

/// The result type of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error: its kind, a text, a hint what to do, and the error that caused it.
#[derive(Debug)]
pub struct Error(Box<Inner>);

// In a box, so that results take little of the stack: a job of OpenSSL has only 32 KiB.
#[derive(Debug)]
struct Inner {
    kind: Kind,
    text: Cow<'static, str>,
    hint: Option<Hint>,
    source: Option<Failure>,
}

/// The kind of an error, for programs that handle it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The key or the TPM does not support the digest, or its length is wrong.
    Digest,
    /// The padding is wrong, or the input does not fit it.
    Padding,
    /// The key or the TPM does not support the padding.
    UnsupportedPadding,
    /// The key is of the wrong kind for the operation.
    WrongKey,
    /// A result of the TPM is not authentic and was discarded.
    Integrity,
    /// A parameter is missing or wrong.
    Parameter,
    /// An operation in the TPM failed.
    Tpm(ErrorKind),
    /// A function of the caller failed: the source is its error.
    Caller,
}

/// The parts of an error, for a type of the caller.
pub struct Parts {
    /// The kind.
    pub kind: Kind,
    /// What failed, on what, and why. If it is empty, the source says it.
    pub text: Cow<'static, str>,
    /// What to do, with the names of OpenSSL's options.
    pub openssl_hint: Option<String>,
    /// The cause.
    pub source: Option<Failure>,
}

impl Error {
    /// Creates an error.
    #[cold]
    pub(crate) fn new(kind: Kind, text: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner { kind, text: text.into(), hint: None, source: None }))
    }

    /// Creates the error of a function that the caller supplied.
    #[must_use]
    pub fn caller(error: impl Into<Failure>) -> Self {
        Self::new(Kind::Caller, "").because(error)
    }

    /// Adds what the user can do about it. The names of OpenSSL's options are between brackets.
    pub(crate) fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(Hint(hint.into()));
        self
    }

    /// Adds the error that caused this one. An error that has no text of its own is replaced by its cause.
    pub(crate) fn because(mut self, source: impl Into<Failure>) -> Self {
        self.0.source = match source.into().downcast::<Self>() {
            Ok(error) if error.0.text.is_empty() && error.0.source.is_some() => error.0.source,
            Ok(error) => Some(error),
            Err(other) => Some(other),
        };
        self
    }

    /// Returns its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Returns the text without the hint and the cause. If it is empty, the cause says it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Returns what the user can do about it, if there is a hint.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.0.hint.as_ref().map(Hint::plain)
    }

    /// Returns the error of the TPM that caused this one.
    #[must_use]
    pub fn tpm(&self) -> Option<&tpm::Error> {
        self.0.source.as_ref()?.downcast_ref()
    }

    /// Takes the error apart.
    #[must_use]
    pub fn into_parts(self) -> Parts {
        let Inner { kind, text, hint, source } = *self.0;
        Parts { kind, text, openssl_hint: hint.as_ref().map(Hint::openssl), source }
    }

    /// Returns true if the TPM does not support the operation.
    pub(crate) fn is_unsupported_by_tpm(&self) -> bool {
        self.0.kind == Kind::Tpm(ErrorKind::Unsupported)
    }
}

impl From<tpm::Error> for Error {
    #[cold]
    fn from(error: tpm::Error) -> Self {
        Self::new(Kind::Tpm(error.kind()), "").because(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())?;
        if let Some(source) = &self.0.source {
            f.write_str(if self.text().is_empty() { "" } else { ": " })?;
            // A message has one hint: that of this error replaces the advice of the crate tpm.
            match self.tpm().filter(|_| self.0.hint.is_some()) {
                Some(error) => write!(f, "{}", error.cause())?,
                None => write!(f, "{source}")?,
            }
        }
        match self.hint() {
            Some(hint) => write!(f, "; {HINT} {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| -> &(dyn std::error::Error + 'static) { source })
    }
}
