//! Errors of the tool. Each has a cause line and, in most cases, a hint.

use std::ffi::c_int;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::exit::Exit;

/// The part of a URI that its password follows.
pub(crate) const PASSWORD: &str = "pin-value=";

/// A failure of the tool. `Display` gives the cause, `advice` the hint.
#[derive(Debug)]
pub(crate) enum Error {
    /// A file cannot be read.
    Read { path: PathBuf, source: io::Error },
    /// A file cannot be written.
    Write { path: PathBuf, source: io::Error },
    /// A file is not a key file, or it is damaged.
    KeyFile { path: PathBuf, source: keyfile::Error },
    /// A private key cannot be read or cannot be wrapped.
    PrivateKey { path: PathBuf, problem: String, advice: String },
    /// The password does not decrypt a private key file. `purpose` is the verb for the message.
    FilePassword { path: PathBuf, purpose: &'static str },
    /// A file does not have the expected content.
    File { path: PathBuf, problem: String, advice: String },
    /// A password is missing. `what` names it.
    Password { what: String, problem: String, advice: String },
    /// The request cannot be fulfilled.
    Request { problem: String, advice: String },
    /// The TPM cannot be used, or returned an error.
    Tpm(tpm::Error),
    /// A private key cannot be encrypted for its parent.
    Wrap(crypto::CryptoError),
    /// A policy is not valid for the key.
    Policy(String),
    /// The system does not provide random bytes.
    Random(crypto::CryptoError),
    /// A key cannot be written as a key file.
    Encode(keyfile::Error),
    /// This signal was received.
    Interrupted(c_int),
    /// The reader of stdout has closed it, as in `| head`.
    OutputClosed,
    /// The command has printed its failures already, as `check` and `bench` do. Only the exit code is left.
    Reported(Exit),
}

impl Error {
    /// Returns the error for a request that cannot be fulfilled.
    pub(crate) fn request(problem: impl Into<String>, advice: impl Into<String>) -> Self {
        Error::Request { problem: problem.into(), advice: advice.into() }
    }

    /// Returns the error for a file that cannot be read.
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Error::Read { path: path.to_owned(), source }
    }

    /// Returns the error for a file that cannot be written.
    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        Error::Write { path: path.to_owned(), source }
    }

    /// Returns the error for a file without the expected content.
    pub(crate) fn file(path: &Path, problem: impl Into<String>, advice: impl Into<String>) -> Self {
        Error::File { path: path.to_owned(), problem: problem.into(), advice: advice.into() }
    }

    /// Returns the error for a failed write to stdout.
    pub(crate) fn output(source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::BrokenPipe => Error::OutputClosed,
            _ => Error::write("stdout".as_ref(), source),
        }
    }

    /// Returns the exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Error::Password { .. } => Exit::NO_PASSWORD,
            Error::FilePassword { .. } => Exit::WRONG_PASSWORD,
            Error::Tpm(source) => Exit::of_tpm(source.kind()),
            // The code that a shell reports for a program ended by this signal.
            Error::Interrupted(signal) => Exit::of_signal(*signal),
            Error::OutputClosed => Exit::of_signal(libc::SIGPIPE),
            Error::Reported(exit) => *exit,
            _ => Exit::FAILURE,
        }
    }

    /// Returns the hint. There is none if the cause says what to do.
    pub(crate) fn advice(&self) -> Option<String> {
        match self {
            Error::Read { source, .. } => Some(match source.kind() {
                io::ErrorKind::NotFound => "check the path".to_owned(),
                io::ErrorKind::PermissionDenied => {
                    "run this as the file's owner, or change the file's mode".to_owned()
                }
                _ => "check that it is a regular file on a healthy disk".to_owned(),
            }),
            Error::Write { source, .. } => Some(match source.kind() {
                io::ErrorKind::NotFound => "create the folder first".to_owned(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "name a folder that you can write to: the file is created next to its target and renamed"
                        .to_owned()
                }
                _ => "nothing was written; name another file".to_owned(),
            }),
            Error::PrivateKey { advice, .. }
            | Error::File { advice, .. }
            | Error::Password { advice, .. }
            | Error::Request { advice, .. } => Some(advice.clone()),
            Error::KeyFile { source: keyfile::Error::Utf16 | keyfile::Error::Handle(_), .. } => None,
            Error::FilePassword { .. } => {
                Some("check the password and the file with `openssl pkey -noout -in FILE`".to_owned())
            }
            Error::KeyFile { .. } => Some("name a key file; `tpm2-keytool create` creates one".to_owned()),
            Error::Tpm(source) => source.advice().map(str::to_owned),
            Error::Policy(_) => Some("check the policy against the name hash of the key (-n)".to_owned()),
            Error::Random(_) => Some("try again when the system has collected entropy".to_owned()),
            Error::Wrap(_) => Some("name another parent with -p".to_owned()),
            Error::Encode(_) | Error::Interrupted(_) | Error::OutputClosed | Error::Reported(_) => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Read { path, source } => write!(f, "cannot read {}: {source}", shown(path)),
            Error::Write { path, source } => write!(f, "cannot write {}: {source}", shown(path)),
            Error::KeyFile { path, source } => {
                write!(f, "{} is not a readable key file: {source}", shown(path))
            }
            Error::PrivateKey { path, problem, .. } => write!(f, "cannot wrap {}: {problem}", shown(path)),
            Error::FilePassword { path, purpose } => {
                let path = shown(path);
                write!(f, "cannot {purpose} {path}: the password is wrong, or the file is damaged")
            }
            Error::File { path, problem, .. } => write!(f, "cannot use {}: {problem}", shown(path)),
            Error::Password { what, problem, .. } => write!(f, "cannot read the {what}: {problem}"),
            Error::Request { problem, .. } => f.write_str(problem),
            Error::Tpm(source) => source.cause().fmt(f),
            Error::Wrap(source) => write!(f, "cannot encrypt the key for its parent: {source}"),
            Error::Policy(problem) => write!(f, "cannot make the policy: {problem}"),
            Error::Random(source) => write!(f, "cannot get random bytes: {source}"),
            Error::Encode(source) => write!(f, "cannot write the key file: {source}"),
            Error::Interrupted(_) => f.write_str("interrupted; nothing was written"),
            Error::OutputClosed => f.write_str("stdout was closed by its reader"),
            Error::Reported(_) => f.write_str("a check failed"),
        }
    }
}

/// Returns a path as text. It may be a URI that was given instead of a file: then its password is omitted.
pub(crate) fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    match text.split_once(PASSWORD) {
        Some((before, _)) => format!("{before}{PASSWORD}…"),
        None => text,
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Read { source, .. } | Error::Write { source, .. } => Some(source),
            Error::KeyFile { source, .. } => Some(source),
            Error::Tpm(source) => source.source(),
            Error::Wrap(source) | Error::Random(source) => Some(source),
            Error::Encode(source) => Some(source),
            _ => None,
        }
    }
}

impl From<tpm::Error> for Error {
    fn from(source: tpm::Error) -> Self {
        Error::Tpm(source)
    }
}
