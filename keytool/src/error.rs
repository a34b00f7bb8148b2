//! What went wrong and what to do about it: a cause line and an advice line.

use std::ffi::c_int;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::exit::Exit;

/// A failure of the tool, kept typed to the end; `Display` is the cause, `advice` what to do next.
#[derive(Debug)]
pub(crate) enum Error {
    /// A file cannot be read.
    Read { path: PathBuf, source: io::Error },
    /// A file cannot be written.
    Write { path: PathBuf, source: io::Error },
    /// A file is not a key file, or a damaged one.
    KeyFile { path: PathBuf, source: keyfile::Error },
    /// A private key that was to be wrapped cannot be read, or not be wrapped.
    PrivateKey { path: PathBuf, problem: String, advice: String },
    /// The password of a private key file does not decrypt it; what it was to do.
    FilePassword { path: PathBuf, purpose: &'static str },
    /// A file is not what it is taken for.
    File { path: PathBuf, problem: String, advice: String },
    /// A password cannot be had.
    Password { what: String, problem: String, advice: String },
    /// What was asked for cannot be.
    Request { problem: String, advice: String },
    /// The TPM could not be asked, or answered with an error.
    Tpm(tpm::Error),
    /// A private key that cannot be encrypted for its parent.
    Wrap(tpm::crypto::CryptoError),
    /// A policy that a key cannot have.
    Policy(String),
    /// The system gives no random bytes.
    Random(tpm::crypto::CryptoError),
    /// A key that does not fit its file.
    Encode(keyfile::Error),
    /// This signal asked to stop.
    Interrupted(c_int),
    /// The reader of our output has gone away, as `| head` does.
    Unread,
    /// `check` has told what fails; this is how it ends.
    Told(Exit),
}

impl Error {
    /// A request that cannot be met.
    pub(crate) fn request(problem: impl Into<String>, advice: impl Into<String>) -> Self {
        Error::Request { problem: problem.into(), advice: advice.into() }
    }

    /// A file that cannot be read.
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Error::Read { path: path.to_owned(), source }
    }

    /// A file that cannot be written.
    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        Error::Write { path: path.to_owned(), source }
    }

    /// A file that is not what it is taken for.
    pub(crate) fn file(path: &Path, problem: impl Into<String>, advice: impl Into<String>) -> Self {
        Error::File { path: path.to_owned(), problem: problem.into(), advice: advice.into() }
    }

    /// Output that cannot be written.
    pub(crate) fn output(source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::BrokenPipe => Error::Unread,
            _ => Error::write("stdout".as_ref(), source),
        }
    }

    /// How the process ends.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Error::Password { .. } => Exit::NO_PASSWORD,
            Error::FilePassword { .. } => Exit::WRONG_PASSWORD,
            Error::Tpm(source) => Exit::of_tpm(source.kind()),
            // As a shell reports a program that the signal ended.
            Error::Interrupted(signal) => Exit::of_signal(*signal),
            Error::Unread => Exit::of_signal(libc::SIGPIPE),
            Error::Told(exit) => *exit,
            _ => Exit::FAILURE,
        }
    }

    /// What to do next; none where the cause says it already.
    pub(crate) fn advice(&self) -> Option<String> {
        match self {
            Error::Read { source, .. } => Some(match source.kind() {
                io::ErrorKind::NotFound => "check the path".to_owned(),
                io::ErrorKind::PermissionDenied => "read it as its owner, or change its mode".to_owned(),
                _ => "check that it is a regular file on a healthy disk".to_owned(),
            }),
            Error::Write { source, .. } => Some(match source.kind() {
                io::ErrorKind::NotFound => "make the folder first".to_owned(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "write into a folder of your own: the file is made beside its target and renamed"
                        .to_owned()
                }
                _ => "nothing was left behind; name another file".to_owned(),
            }),
            Error::PrivateKey { advice, .. }
            | Error::File { advice, .. }
            | Error::Password { advice, .. }
            | Error::Request { advice, .. } => Some(advice.clone()),
            Error::KeyFile { source: keyfile::Error::Utf16 | keyfile::Error::Handle(_), .. } => None,
            Error::FilePassword { .. } => Some("check both with `openssl pkey -noout -in FILE`".to_owned()),
            Error::KeyFile { .. } => Some("`tpm2-keytool create` makes key files".to_owned()),
            Error::Tpm(source) => source.advice().map(str::to_owned),
            Error::Policy(_) => Some("check the policy against the name hash of the key (-n)".to_owned()),
            Error::Random(_) => Some("try again when the system has collected some".to_owned()),
            Error::Wrap(_) => Some("name another parent with -p".to_owned()),
            Error::Encode(_) | Error::Interrupted(_) | Error::Unread | Error::Told(_) => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Read { path, source } => write!(f, "cannot read {}: {source}", path.display()),
            Error::Write { path, source } => write!(f, "cannot write {}: {source}", path.display()),
            Error::KeyFile { path, source } => {
                write!(f, "{} is no key file that I can read: {source}", path.display())
            }
            Error::PrivateKey { path, problem, .. } => write!(f, "cannot wrap {}: {problem}", path.display()),
            Error::FilePassword { path, purpose } => {
                let path = path.display();
                write!(f, "cannot {purpose} {path}: the password is wrong, or the file is damaged")
            }
            Error::File { path, problem, .. } => write!(f, "cannot use {}: {problem}", path.display()),
            Error::Password { what, problem, .. } => write!(f, "no {what}: {problem}"),
            Error::Request { problem, .. } => f.write_str(problem),
            Error::Tpm(source) => source.cause().fmt(f),
            Error::Wrap(source) => write!(f, "cannot encrypt the key for its parent: {source}"),
            Error::Policy(problem) => write!(f, "the policy cannot be had: {problem}"),
            Error::Random(source) => write!(f, "no random bytes: {source}"),
            Error::Encode(source) => write!(f, "cannot write the key file: {source}"),
            Error::Interrupted(_) => f.write_str("interrupted; nothing was written"),
            Error::Unread => f.write_str("nobody reads the output"),
            Error::Told(_) => f.write_str("a check failed"),
        }
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
