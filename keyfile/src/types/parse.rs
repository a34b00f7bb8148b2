//! What is wrong with a name or number that somebody typed.

use std::fmt;

/// Text that names nothing known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    what: &'static str,
    text: String,
    expected: &'static str,
}

impl ParseError {
    /// `text` is no `what`; `expected` says what would be.
    pub(crate) fn new(what: &'static str, text: &str, expected: &'static str) -> Self {
        Self { what, text: text.chars().take(80).collect(), expected }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no {}: give {}", self.text, self.what, self.expected)
    }
}

impl std::error::Error for ParseError {}
