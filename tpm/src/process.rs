//! Which process this is: after fork(2) a child is another, even where both have the same number.

use std::process;

use crate::ffi;

/// A process. In a new PID namespace a child may have its parent's number, so forks are counted, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) id: u32,
    forks: u32,
}

impl Process {
    /// This one.
    pub(crate) fn this() -> Self {
        Self { id: process::id(), forks: ffi::forks() }
    }
}
