//! Passwords: a secret that is wiped and never shown, and the prompt on the terminal.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::os::unix::ffi::OsStringExt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::interrupt::Prompt;
use crate::source::{Source, Sources};

/// A password; no Debug, wiped when dropped.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<Vec<u8>>);

/// In a time that tells nothing of the bytes but their number.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

impl Secret {
    /// Its bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is none at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<OsString> for Secret {
    fn from(word: OsString) -> Self {
        Secret(Zeroizing::new(word.into_vec()))
    }
}

impl From<Vec<u8>> for Secret {
    fn from(word: Vec<u8>) -> Self {
        Secret(Zeroizing::new(word))
    }
}

/// Where the passwords of one run come from.
#[derive(Default)]
pub(crate) struct Passwords {
    sources: Sources,
    /// Whether stdin holds something else, so that no password is looked for there unless an option says so.
    beside_data: bool,
}

impl Passwords {
    /// Where stdin holds data, too.
    pub(crate) fn beside_data() -> Self {
        Passwords { beside_data: true, ..Passwords::default() }
    }

    /// The password given on the command line itself or by a source; none if neither is there.
    ///
    /// # Errors
    /// The source has none.
    pub(crate) fn given(
        &mut self,
        word: Option<&Secret>,
        source: Option<&Source>,
        what: &str,
    ) -> Result<Option<Secret>, Error> {
        match (word, source) {
            (Some(word), _) => Ok(Some(word.clone())),
            (None, Some(source)) => self.from(source, what).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// The next password of a source.
    ///
    /// # Errors
    /// It has none.
    pub(crate) fn from(&mut self, source: &Source, what: &str) -> Result<Secret, Error> {
        match source {
            Source::Prompt => self.ask(what),
            _ => self.sources.next(source, what),
        }
    }

    /// Asks for a password.
    ///
    /// # Errors
    /// There is nobody to ask, or Ctrl-C.
    pub(crate) fn ask(&mut self, what: &str) -> Result<Secret, Error> {
        self.prompt(&format!("Enter {what}: "), what)
    }

    /// Asks for a new password, twice.
    ///
    /// # Errors
    /// The two differ, the password is empty, there is nobody to ask, or Ctrl-C.
    pub(crate) fn ask_new(&mut self, what: &str) -> Result<Secret, Error> {
        let word = self.ask(what)?;
        if word == self.prompt(&format!("Enter {what} again: "), what)? {
            return Ok(word);
        }
        let advice = "start again; nothing was written".to_owned();
        Err(Error::Password { what: what.to_owned(), problem: "the two entries differ".to_owned(), advice })
    }

    /// From the terminal; without one a line of stdin, as OpenSSL's prompt does.
    fn prompt(&mut self, prompt: &str, what: &str) -> Result<Secret, Error> {
        let asking = Prompt::start();
        let answer = rpassword::prompt_password(prompt);
        drop(asking);
        let problem = match answer {
            Ok(word) => return Ok(Secret::from(OsString::from(word))),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                return Err(Error::Interrupted(libc::SIGINT));
            }
            Err(error) if io::stdin().is_terminal() => error.to_string(),
            Err(_) if self.beside_data => "there is no terminal to ask on".to_owned(),
            Err(_) => match self.sources.next(&Source::Stdin, what) {
                Ok(word) => return Ok(word),
                Err(_) => "there is no terminal to ask on, and no line on stdin".to_owned(),
            },
        };
        let advice = "give it by an option (see --help), or run this on a terminal".to_owned();
        Err(Error::Password { what: what.to_owned(), problem, advice })
    }
}
