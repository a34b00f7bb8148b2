//! The log: one line for each event and each check.

use std::fmt;
use std::sync::{Mutex, PoisonError};

/// The lines so far, and who receives new ones.
pub(crate) struct Log {
    lines: Mutex<Vec<String>>,
    print: fn(&str),
}

impl Log {
    pub(crate) fn new(print: fn(&str)) -> Self {
        Self { lines: Mutex::default(), print }
    }

    /// Adds a line.
    pub(crate) fn add(&self, line: impl fmt::Display) {
        let line = line.to_string();
        (self.print)(&line);
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// Returns all lines.
    pub(crate) fn text(&self) -> String {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }
}
