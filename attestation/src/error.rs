//! The error of input that is not what it should be.

use std::borrow::Cow;
use std::fmt;

/// The input is damaged, or has another format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    what: &'static str,
    problem: Cow<'static, str>,
}

impl Malformed {
    /// Creates the error that `what` has this problem.
    pub(crate) fn new(what: &'static str, problem: impl Into<Cow<'static, str>>) -> Self {
        Self { what, problem: problem.into() }
    }

    /// Returns a function that creates the error from its cause.
    pub(crate) fn because<E: fmt::Display>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |cause| Self::new(what, cause.to_string())
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} cannot be read: {}", self.what, self.problem)
    }
}

impl std::error::Error for Malformed {}
