//! Passwords: a type that is wiped and never printed, and the prompt on the terminal.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::os::unix::ffi::OsStringExt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::interrupt::Prompt;
use crate::source::{Source, Sources};

/// A password. It has no Debug and is wiped when dropped.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<Vec<u8>>);

/// Compares in a time that depends on the length only.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

impl Secret {
    /// Returns its bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns true if the password is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<OsString> for Secret {
    fn from(value: OsString) -> Self {
        Secret(Zeroizing::new(value.into_vec()))
    }
}

impl From<Vec<u8>> for Secret {
    fn from(value: Vec<u8>) -> Self {
        Secret(Zeroizing::new(value))
    }
}

/// The sources of the passwords of one run.
#[derive(Default)]
pub(crate) struct Passwords {
    sources: Sources,
    /// True if stdin contains data. Then a password is read from stdin only if an option says so.
    stdin_has_data: bool,
}

impl Passwords {
    /// Returns the sources for a run that reads data from stdin.
    pub(crate) fn with_data_on_stdin() -> Self {
        Passwords { stdin_has_data: true, ..Passwords::default() }
    }

    /// Returns the password from the command line or from a source, or none if neither is given.
    ///
    /// # Errors
    /// The source has no password.
    pub(crate) fn given(
        &mut self,
        password: Option<&Secret>,
        source: Option<&Source>,
        what: &str,
    ) -> Result<Option<Secret>, Error> {
        match (password, source) {
            (Some(password), _) => Ok(Some(password.clone())),
            (None, Some(source)) => self.from(source, what).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// Returns the next password of a source.
    ///
    /// # Errors
    /// The source has no password.
    pub(crate) fn from(&mut self, source: &Source, what: &str) -> Result<Secret, Error> {
        match source {
            Source::Prompt => self.ask(what),
            _ => self.sources.next(source, what),
        }
    }

    /// Asks for a password.
    ///
    /// # Errors
    /// There is no terminal and no line on stdin, or the user pressed Ctrl-C.
    pub(crate) fn ask(&mut self, what: &str) -> Result<Secret, Error> {
        self.prompt(&format!("Enter {what}: "), what)
    }

    /// Asks for a new password, twice.
    ///
    /// # Errors
    /// The two entries differ; otherwise as [`Passwords::ask`].
    pub(crate) fn ask_new(&mut self, what: &str) -> Result<Secret, Error> {
        let password = self.ask(what)?;
        if password == self.prompt(&format!("Enter {what} again: "), what)? {
            return Ok(password);
        }
        let advice = "start again; nothing was written".to_owned();
        Err(Error::Password { what: what.to_owned(), problem: "the two entries differ".to_owned(), advice })
    }

    /// Asks on the terminal. Without a terminal reads a line of stdin, as OpenSSL's prompt does.
    fn prompt(&mut self, prompt: &str, what: &str) -> Result<Secret, Error> {
        let asking = Prompt::start();
        let answer = rpassword::prompt_password(prompt);
        drop(asking);
        let problem = match answer {
            Ok(password) => return Ok(Secret::from(OsString::from(password))),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                return Err(Error::Interrupted(libc::SIGINT));
            }
            Err(error) if io::stdin().is_terminal() => error.to_string(),
            Err(_) if self.stdin_has_data => "there is no terminal".to_owned(),
            Err(_) => match self.sources.next(&Source::Stdin, what) {
                Ok(password) => return Ok(password),
                Err(_) => "stdin is empty and there is no terminal".to_owned(),
            },
        };
        let advice = "give it with an option (see --help), or run this on a terminal".to_owned();
        Err(Error::Password { what: what.to_owned(), problem, advice })
    }
}
