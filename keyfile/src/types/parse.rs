//! The error of a name or number that a user typed.

use std::fmt;

/// The text is not a known name or number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    what: &'static str,
    text: String,
    expected: &'static str,
}

impl ParseError {
    /// The error that `text` is not a `what`; `expected` describes what would be.
    pub(crate) fn new(what: &'static str, text: &str, expected: &'static str) -> Self {
        Self { what, text: text.chars().take(80).collect(), expected }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a {}: give {}", self.text, self.what, self.expected)
    }
}

impl std::error::Error for ParseError {}
