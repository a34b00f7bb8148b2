//! An error: the CKR_ code that the caller gets, and the cause and a hint, which only the trace shows.

use std::borrow::Cow;
use std::fmt;

use cryptoki_sys::*;
use tpm::{ErrorKind, HINT};

/// An error of a PKCS#11 function.
#[derive(Debug)]
pub(crate) struct Error {
    code: CK_RV,
    text: Cow<'static, str>,
    hint: Option<Cow<'static, str>>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn new(code: CK_RV, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, text: text.into(), hint: None, source: None }
    }

    pub(crate) fn because(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Box::new(source)), ..self }
    }

    /// Adds what the user can do about it. An error of the TPM or of an operation has its own hint in its text.
    pub(crate) fn with_hint(self, hint: impl Into<Cow<'static, str>>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Returns the code.
    pub(crate) fn code(&self) -> CK_RV {
        self.code
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (CKR 0x{:x})", self.text, self.code)?;
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        match &self.hint {
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

impl From<tpm::Error> for Error {
    fn from(error: tpm::Error) -> Self {
        Self::new(code_of(error.kind()), "the TPM operation failed").because(error)
    }
}

impl From<tokens::Error> for Error {
    fn from(error: tokens::Error) -> Self {
        match error {
            tokens::Error::Tpm(error) => error.into(),
            error => {
                let hint = error.advice().map(str::to_owned);
                let new = Self::new(CKR_FUNCTION_FAILED, "the token cannot be used").because(error);
                match hint {
                    Some(hint) => new.with_hint(hint),
                    None => new,
                }
            }
        }
    }
}

impl From<operations::Error> for Error {
    fn from(error: operations::Error) -> Self {
        use operations::Kind;
        let code = match error.kind() {
            Kind::Digest | Kind::Padding => CKR_DATA_INVALID,
            Kind::WrongKey => CKR_KEY_FUNCTION_NOT_PERMITTED,
            Kind::Parameter | Kind::UnsupportedPadding => CKR_MECHANISM_PARAM_INVALID,
            Kind::Tpm(kind) => code_of(kind),
            _ => CKR_FUNCTION_FAILED,
        };
        Self::new(code, "the operation failed").because(error)
    }
}

/// The codes that programs handle: a wrong PIN, a locked TPM, a missing TPM.
fn code_of(kind: ErrorKind) -> CK_RV {
    match kind {
        // The empty password was refused.
        ErrorKind::Authorization | ErrorKind::PasswordMissing => CKR_PIN_INCORRECT,
        ErrorKind::Lockout => CKR_PIN_LOCKED,
        ErrorKind::NoTpm | ErrorKind::Io | ErrorKind::Timeout | ErrorKind::Forked => CKR_DEVICE_ERROR,
        ErrorKind::ObjectMemory => CKR_DEVICE_MEMORY,
        ErrorKind::NoObject => CKR_DEVICE_REMOVED,
        ErrorKind::Unsupported => CKR_MECHANISM_INVALID,
        ErrorKind::Input => CKR_ARGUMENTS_BAD,
        _ => CKR_FUNCTION_FAILED,
    }
}
