//! The text of an error: what was attempted, on what, the answer, and then the advice.

use std::error::Error as StdError;
use std::fmt;

use super::{Error, ErrorKind, Parts};

/// Introduces the advice, here and in the key tool.
pub const HINT: &str = "hint:";

/// The text of an error without its advice.
pub struct Cause<'a>(pub(super) &'a Parts);

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.attempt)?;
        match (&self.0.subject, &self.0.object) {
            (Some(subject), _) => write!(f, " ({subject})")?,
            (None, Some((handle, _))) => write!(f, " ({handle})")?,
            (None, None) => {}
        }
        match (&self.0.code, self.0.kind) {
            // Without a password the empty one was sent, so the user has not given a wrong one.
            (Some(code), ErrorKind::PasswordMissing | ErrorKind::ParentPasswordMissing) => {
                let text = code.to_string();
                write!(f, ": {}", text.replace("the password is wrong", "the empty password is refused"))?;
            }
            (Some(code), _) => write!(f, ": {code}")?,
            (None, _) => {}
        }
        if let Some(source) = &self.0.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause().fmt(f)?;
        match &self.0.advice {
            Some(advice) => write!(f, "; {HINT} {advice}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| -> &(dyn StdError + 'static) { source })
    }
}
