//! Sources of passwords, as OpenSSL spells them: pass:, env:, file:, fd:, stdin (openssl-passphrase-options(1)); also prompt, which asks.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::error::Error;
use crate::password::Secret;

/// The longest line that is accepted as a password, as in OpenSSL's own prompt (PEM_BUFSIZE).
const LONGEST: usize = 1024;

/// A source of a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Pass(Secret),
    Env(OsString),
    File(PathBuf),
    Fd(u32),
    Stdin,
    /// The user is asked on the terminal.
    Prompt,
}

impl Source {
    /// Parses the option's value.
    pub(crate) fn parse(text: OsString) -> Result<Self, String> {
        let bytes = text.as_bytes();
        let after = |prefix: &str| bytes.strip_prefix(prefix.as_bytes()).map(OsStr::from_bytes);
        if bytes == b"stdin" {
            Ok(Source::Stdin)
        } else if bytes == b"prompt" {
            Ok(Source::Prompt)
        } else if let Some(password) = after("pass:") {
            Ok(Source::Pass(Secret::from(password.to_os_string())))
        } else if let Some(name) = after("env:") {
            Ok(Source::Env(name.to_os_string()))
        } else if let Some(path) = after("file:") {
            Ok(Source::File(path.into()))
        } else if let Some(number) = after("fd:") {
            let number = number.to_str().and_then(|number| number.parse().ok());
            number.map(Source::Fd).ok_or_else(|| "fd: is followed by the number of an open file".to_owned())
        } else {
            // The text may be the password itself, so it is not repeated.
            Err("give the password as pass:PASSWORD, env:NAME, file:PATH, fd:NUMBER, stdin or prompt"
                .to_owned())
        }
    }
}

/// The sources that one run reads. Two passwords from the same file are its first and second line, as in openssl.
#[derive(Default)]
pub(crate) struct Sources {
    open: Vec<(Source, File)>,
}

impl Sources {
    /// Returns the next password from `source`. `what` names the password in errors.
    ///
    /// # Errors
    /// The source has no password, or cannot be read.
    pub(crate) fn next(&mut self, source: &Source, what: &str) -> Result<Secret, Error> {
        match source {
            Source::Pass(secret) => Ok(secret.clone()),
            Source::Env(name) => match std::env::var_os(name) {
                Some(password) => Ok(Secret::from(password)),
                None => Err(missing(
                    what,
                    format!("the environment variable {} is not set", name.to_string_lossy()),
                )),
            },
            Source::File(path) => {
                let from = path.display().to_string();
                self.line(source, what, &from, || File::open(path))
            }
            // The caller owns the descriptor, so it is opened again.
            Source::Fd(number) => self.line(source, what, &format!("descriptor {number}"), || {
                File::open(format!("/dev/fd/{number}"))
            }),
            Source::Stdin => {
                self.line(source, what, "stdin", || Ok(io::stdin().as_fd().try_clone_to_owned()?.into()))
            }
            // `Passwords` asks for it before it comes here.
            Source::Prompt => Err(missing(what, "the user must be asked for it".to_owned())),
        }
    }

    fn line(
        &mut self,
        source: &Source,
        what: &str,
        from: &str,
        open: impl FnOnce() -> io::Result<File>,
    ) -> Result<Secret, Error> {
        let failed = |problem: String| missing(what, format!("{from}: {problem}"));
        let index = match self.open.iter().position(|(known, _)| known == source) {
            Some(index) => index,
            None => {
                self.open.push((source.clone(), open().map_err(|error| failed(error.to_string()))?));
                self.open.len() - 1
            }
        };
        let Some((_, file)) = self.open.get_mut(index) else { return Err(failed("closed".to_owned())) };
        match line(file) {
            Ok(Some(secret)) => Ok(secret),
            Ok(None) => Err(failed("there are no more lines".to_owned())),
            Err(error) => Err(failed(error.to_string())),
        }
    }
}

/// Reads one line without its line end. Reads byte by byte, so that no buffer keeps a copy and the next line is left for the next reader.
pub(crate) fn line(from: &mut impl Read) -> io::Result<Option<Secret>> {
    let mut password = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut byte = [0];
    loop {
        if from.read(&mut byte)? == 0 {
            if password.is_empty() {
                return Ok(None);
            }
            break;
        }
        match byte {
            [b'\n'] => break,
            _ if password.len() == LONGEST => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the line is longer than 1024 bytes"));
            }
            [byte] => password.push(byte),
        }
    }
    if password.last() == Some(&b'\r') {
        password.pop();
    }
    Ok(Some(Secret::from(OsString::from_vec(std::mem::take(&mut password)))))
}

fn missing(what: &str, problem: String) -> Error {
    Error::Password {
        what: what.to_owned(),
        problem,
        advice: "give it with pass:, env:, file:, fd: or stdin, or give prompt to be asked".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::parse(text.into()).unwrap()
    }

    fn bytes(sources: &mut Sources, from: &str) -> Vec<u8> {
        let Ok(secret) = sources.next(&source(from), "password") else { panic!("nothing from {from}") };
        secret.bytes().to_vec()
    }

    #[test]
    fn each_source_gives_its_password() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passwords");
        std::fs::write(&path, "first\r\nsecond").unwrap();
        let from = format!("file:{}", path.display());
        let mut sources = Sources::default();
        assert_eq!(bytes(&mut sources, "pass:a:b "), b"a:b ");
        assert_eq!(bytes(&mut sources, "env:CARGO_PKG_NAME"), b"tpm2-keytool");
        assert_eq!(bytes(&mut sources, &from), b"first");
        assert_eq!(bytes(&mut sources, &from), b"second");
        assert!(sources.next(&source(&from), "password").is_err());
    }

    #[test]
    fn unknown_source_is_not_repeated_in_the_error() {
        let Err(error) = Source::parse("hunter2".into()) else { panic!("accepted") };
        assert!(!error.contains("hunter2"));
        assert!(Source::parse("fd:x".into()).is_err());
    }

    #[test]
    fn missing_source_is_named_in_the_error() {
        let mut sources = Sources::default();
        let Err(error) = sources.next(&source("env:NO_SUCH_VARIABLE"), "password of the parent") else {
            panic!("found")
        };
        assert_eq!(
            error.to_string(),
            "cannot read the password of the parent: the environment variable NO_SUCH_VARIABLE is not set"
        );
        assert!(sources.next(&source("file:/no/such/file"), "password").is_err());
    }

    #[test]
    fn overlong_lines_are_refused() {
        assert!(line(&mut io::repeat(b'a')).is_err());
    }
}
