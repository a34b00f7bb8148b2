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
pub struct Error {
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
    /// The padding is wrong, or the key or the TPM does not support it.
    Padding,
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
    pub(crate) fn new(kind: Kind, text: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, text: text.into(), hint: None, source: None }
    }

    /// Creates the error of a function that the caller supplied.
    #[must_use]
    pub fn caller(error: impl Into<Failure>) -> Self {
        Self { source: Some(error.into()), ..Self::new(Kind::Caller, "") }
    }

    /// Adds what the user can do about it. The names of OpenSSL's options are between brackets.
    pub(crate) fn with_hint(self, hint: impl Into<Cow<'static, str>>) -> Self {
        Self { hint: Some(Hint(hint.into())), ..self }
    }

    /// Adds the error that caused this one. An error that has no text of its own is replaced by its cause.
    pub(crate) fn because(self, source: impl Into<Failure>) -> Self {
        let source = source.into();
        let source = match source.downcast::<Self>() {
            Ok(error) if error.text.is_empty() && error.source.is_some() => error.source,
            Ok(error) => Some(error.into()),
            Err(other) => Some(other),
        };
        Self { source, ..self }
    }

    /// Returns its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the text without the hint and the cause. If it is empty, the cause says it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns what the user can do about it, if there is a hint.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.hint.as_ref().map(Hint::plain)
    }

    /// Returns the error of the TPM that caused this one.
    #[must_use]
    pub fn tpm(&self) -> Option<&tpm::Error> {
        self.source.as_ref()?.downcast_ref()
    }

    /// Takes the error apart.
    #[must_use]
    pub fn into_parts(self) -> Parts {
        let openssl_hint = self.hint.as_ref().map(Hint::openssl);
        Parts { kind: self.kind, text: self.text, openssl_hint, source: self.source }
    }

    /// Returns true if the TPM does not support the operation.
    pub(crate) fn is_unsupported_by_tpm(&self) -> bool {
        self.kind == Kind::Tpm(ErrorKind::Unsupported)
    }
}

impl From<tpm::Error> for Error {
    fn from(error: tpm::Error) -> Self {
        let kind = Kind::Tpm(error.kind());
        Self { source: Some(error.into()), ..Self::new(kind, "") }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if let Some(source) = &self.source {
            f.write_str(if self.text.is_empty() { "" } else { ": " })?;
            // A message has one hint: that of this error replaces the advice of the crate tpm.
            match self.tpm().filter(|_| self.hint.is_some()) {
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
        self.source.as_deref().map(|source| -> &(dyn std::error::Error + 'static) { source })
    }
}
