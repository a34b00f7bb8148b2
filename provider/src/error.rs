//! The error type, with reason numbers and their strings in one table.

use std::fmt;

use operations::{Kind, Parts};
use tpm::{ErrorKind, HINT};

use crate::ffi::crypto::Refused;
use crate::ffi::params::ParamError;

/// The result type of all safe code.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// An error: its reason (a number for programs), a text, a hint what to do, and the error that caused it.
#[derive(Debug)]
pub(crate) struct Error {
    reason: Reason,
    text: String,
    hint: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// Creates an error of this provider.
    pub(crate) fn new(reason: Reason, text: impl Into<String>) -> Error {
        Error { reason, text: text.into(), hint: None, source: None }
    }

    /// Adds what the user can do about it. The message ends with the hint.
    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Error {
        Error { hint: Some(hint.into()), ..self }
    }

    /// Adds the error that caused this one. Its text follows the text of this error.
    pub(crate) fn with_source(self, source: impl std::error::Error + Send + Sync + 'static) -> Error {
        Error { source: Some(Box::new(source)), ..self }
    }

    /// Returns true if the error reports only that software refused. OpenSSL has already reported the reason.
    pub(crate) fn is_software_refusal(&self) -> bool {
        self.reason == Reason::Software && self.text.is_empty()
    }

    /// The reason, whose number programs see (ERR_GET_REASON).
    pub(crate) fn reason(&self) -> Reason {
        self.reason
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Error {
        Error::new(Reason::Software, "").with_source(refused)
    }
}

impl From<ParamError> for Error {
    fn from(error: ParamError) -> Error {
        Error::new(Reason::Parameter, "").with_source(error)
    }
}

impl From<keyfile::Error> for Error {
    fn from(error: keyfile::Error) -> Error {
        Error::new(Reason::KeyFile, "").with_source(error)
    }
}

impl From<keyfile::ReferenceError> for Error {
    fn from(error: keyfile::ReferenceError) -> Error {
        Error::new(Reason::Reference, "").with_source(error)
    }
}

impl From<keyfile::uri::UriError> for Error {
    fn from(error: keyfile::uri::UriError) -> Error {
        let reason = match error {
            keyfile::uri::UriError::Kind { .. } => Reason::WrongHandle,
            _ => Reason::Uri,
        };
        Error::new(reason, "").with_source(error)
    }
}

impl From<tpm::Error> for Error {
    fn from(error: tpm::Error) -> Error {
        Error::new(Reason::of(error.kind()), "").with_source(error)
    }
}

impl From<operations::Error> for Error {
    #[cold]
    #[inline(never)]
    fn from(error: operations::Error) -> Error {
        let Parts { kind, text, openssl_hint: hint, source } = error.into_parts();
        let reason = match kind {
            Kind::Digest => Reason::Digest,
            Kind::Padding | Kind::UnsupportedPadding => Reason::Padding,
            Kind::WrongKey => Reason::WrongKey,
            Kind::Integrity => Reason::Integrity,
            Kind::Parameter => Reason::Parameter,
            Kind::Tpm(kind) => Reason::of(kind),
            Kind::Caller => return source.map_or_else(unknown, of_provider),
            _ => Reason::Internal,
        };
        Error { reason, text: text.into_owned(), hint, source }
    }
}

/// Returns the error that a function of this provider reported to the crate `operations`.
fn of_provider(failure: operations::Failure) -> Error {
    let failure = match failure.downcast::<Error>() {
        Ok(error) => return *error,
        Err(failure) => failure,
    };
    match failure.downcast::<Refused>() {
        Ok(refused) => Error::from(*refused),
        Err(failure) => Error { source: Some(failure), ..unknown() },
    }
}

fn unknown() -> Error {
    Error::new(Reason::Internal, "an operation failed for an unknown reason")
}

impl Reason {
    /// The reason of an error of the crate `tpm`.
    fn of(kind: ErrorKind) -> Reason {
        match kind {
            ErrorKind::NoTpm => Reason::NoTpm,
            ErrorKind::Authorization => Reason::Authorization,
            ErrorKind::PasswordMissing => Reason::PasswordMissing,
            ErrorKind::Lockout => Reason::Lockout,
            ErrorKind::ParentAuthorization => Reason::ParentAuthorization,
            ErrorKind::ParentPasswordMissing => Reason::ParentPasswordMissing,
            ErrorKind::ObjectMemory => Reason::ObjectMemory,
            ErrorKind::Policy => Reason::Policy,
            ErrorKind::Unsupported => Reason::TpmUnsupported,
            ErrorKind::Integrity => Reason::Integrity,
            ErrorKind::Forked => Reason::Forked,
            ErrorKind::Io => Reason::TpmIo,
            ErrorKind::Timeout => Reason::Timeout,
            ErrorKind::Input => Reason::InvalidArgument,
            ErrorKind::Configuration => Reason::Configuration,
            ErrorKind::NoObject => Reason::NoObject,
            ErrorKind::NotWritten => Reason::NotWritten,
            _ => Reason::Tpm,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if let Some(source) = &self.source {
            f.write_str(if self.text.is_empty() { "" } else { ": " })?;
            // A message has one hint: that of this error replaces the advice of the crate tpm.
            match source.downcast_ref::<tpm::Error>().filter(|_| self.hint.is_some()) {
                Some(error) => write!(f, "{}", error.cause())?,
                None => write!(f, "{source}")?,
            }
        }
        match &self.hint {
            Some(hint) => write!(f, "; {HINT} {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| {
            let source: &(dyn std::error::Error + 'static) = source;
            source
        })
    }
}

/// Declares number, name and string of each reason once. Numbers are 1 to 2^23 - 1 and never change their
/// meaning.
macro_rules! reasons {
    ($( $reason:ident = $number:literal, $text:literal; )*) => {
        /// The reason of a failure.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Reason { $( $reason = $number, )* }

        impl Reason {
            /// All reasons with number and string, for OSSL_FUNC_provider_get_reason_strings.
            pub(crate) const ALL: &[(u32, &std::ffi::CStr)] = &[ $( ($number, $text), )* ];

            /// The number that ERR_GET_REASON(3) returns.
            pub(crate) const fn number(self) -> u32 {
                match self { $( Reason::$reason => $number, )* }
            }
        }
    };
}

reasons! {
    Internal = 1, c"internal error, please report it";
    InvalidArgument = 2, c"invalid argument";
    BufferTooSmall = 3, c"output buffer too small";
    Configuration = 4, c"invalid configuration";
    KeyFile = 5, c"malformed TSS2 key file";
    WrongKey = 6, c"wrong kind of key for this operation";
    NoKey = 7, c"no key set";
    NotExportable = 8, c"the private half of a TPM key does not leave the TPM";
    Unsupported = 9, c"not supported";
    Digest = 10, c"digest not supported or of the wrong length";
    Padding = 11, c"invalid padding or salt length";
    Parameter = 12, c"invalid parameter";
    Software = 13, c"operation in software failed";
    Sequence = 14, c"function called out of sequence";
    Stopped = 15, c"stopped by the application";
    NoTpm = 20, c"no TPM can be reached";
    Authorization = 21, c"the TPM refused the password";
    PasswordMissing = 22, c"the key needs a password";
    Lockout = 23, c"the TPM is in dictionary-attack lockout";
    ParentAuthorization = 24, c"the TPM refused the password of the parent";
    ObjectMemory = 25, c"no free object slot in the TPM";
    Policy = 26, c"the policy of the key is not satisfied";
    TpmUnsupported = 27, c"not supported by this TPM";
    Integrity = 28, c"a response was not protected as it should be";
    Forked = 29, c"this connection cannot be used after fork";
    TpmIo = 30, c"connection to the TPM lost";
    Tpm = 31, c"the TPM reported an error";
    Timeout = 32, c"the TPM did not answer in time";
    ParentPasswordMissing = 33, c"the parent needs a password";
    Busy = 34, c"too many operations wait for the TPM";
    Uri = 40, c"malformed URI";
    NoObject = 41, c"the TPM has nothing at this handle";
    WrongHandle = 42, c"a handle of the wrong kind";
    NotWritten = 43, c"the NV index was never written";
    NvPassword = 44, c"the NV index needs a password";
    Contents = 45, c"no key, certificate or public key";
    File = 46, c"a file cannot be read";
    Reference = 47, c"malformed key reference";
}

#[cfg(test)]
mod tests {
    use super::{Error, Reason};
    use crate::ffi::crypto::Refused;

    #[test]
    fn an_error_that_passed_through_the_crate_operations_is_the_same() {
        let busy = || Error::new(Reason::Busy, "too many").with_hint("wait");
        let back = Error::from(operations::Error::caller(busy()));
        assert_eq!((back.reason(), back.to_string()), (Reason::Busy, busy().to_string()));
        let back = Error::from(operations::Error::caller(Refused("hash")));
        assert!(back.is_software_refusal());
        let of_tpm = || tpm::Error::new(tpm::ErrorKind::Lockout, "cannot sign").advise("wait");
        let back = Error::from(operations::Error::from(of_tpm()));
        assert_eq!((back.reason(), back.to_string()), (Reason::Lockout, of_tpm().to_string()));
        let back = Error::from(operations::Error::caller("other"));
        assert_eq!(back.reason(), Reason::Internal);
        assert!(back.to_string().ends_with(": other"), "{back}");
    }

    #[test]
    fn reason_numbers_are_distinct_and_within_23_bits() {
        let mut numbers: Vec<u32> = Reason::ALL.iter().map(|(number, _)| *number).collect();
        assert!(numbers.iter().all(|number| (1..1 << 23).contains(number)));
        numbers.dedup();
        assert_eq!(numbers.len(), Reason::ALL.len(), "ascending and distinct");
    }
}
