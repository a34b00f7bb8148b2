//! The errors of this crate. `Display` gives the cause, `advice` the hint.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a token cannot be read, changed or used.
#[derive(Debug)]
pub enum Error {
    /// A line of the configuration is wrong.
    Configuration {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
        /// What to do.
        hint: Cow<'static, str>,
    },
    /// A file cannot be read or written.
    Io {
        /// What was attempted: `read`, `write` or `rename`.
        attempt: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file does not have the expected content.
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
        /// What to do.
        hint: Cow<'static, str>,
    },
    /// The request cannot be fulfilled, for example because the token cannot be written.
    Request {
        /// The cause.
        problem: String,
        /// What to do.
        hint: Cow<'static, str>,
    },
    /// The TPM cannot be used, or returned an error; or a setting of the TPM is wrong.
    Tpm(tpm::Error),
}

impl Error {
    pub(crate) fn io(attempt: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { attempt, path: path.to_owned(), source }
    }

    pub(crate) fn file(path: &Path, problem: impl Into<String>, hint: impl Into<Cow<'static, str>>) -> Self {
        Self::File { path: path.to_owned(), problem: problem.into(), hint: hint.into() }
    }

    pub(crate) fn request(problem: impl Into<String>, hint: impl Into<Cow<'static, str>>) -> Self {
        Self::Request { problem: problem.into(), hint: hint.into() }
    }

    /// Returns what to do next, if there is advice.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        match self {
            Self::Configuration { hint, .. } | Self::File { hint, .. } | Self::Request { hint, .. } => {
                Some(hint)
            }
            Self::Io { source, .. } => Some(match source.kind() {
                io::ErrorKind::NotFound => "check the path",
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "check the owner and the mode of the file and of its folder"
                }
                _ => "check that it is a regular file on a healthy disk with free space",
            }),
            Self::Tpm(source) => source.advice(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration { path, line, problem, .. } => {
                write!(f, "{}, line {line}: {problem}", path.display())
            }
            Self::Io { attempt, path, source } => write!(f, "cannot {attempt} {}: {source}", path.display()),
            Self::File { path, problem, .. } => write!(f, "cannot use {}: {problem}", path.display()),
            Self::Request { problem, .. } => f.write_str(problem),
            Self::Tpm(source) => source.cause().fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Tpm(source) => std::error::Error::source(source),
            _ => None,
        }
    }
}

impl From<tpm::Error> for Error {
    fn from(source: tpm::Error) -> Self {
        Self::Tpm(source)
    }
}
