//! The identity of this process. After fork(2) a child differs from its parent, even if both have the same number.

use std::process;

use crate::ffi;

/// A process. In a new PID namespace a child may have its parent's number, so forks are counted as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) id: u32,
    forks: u32,
}

impl Process {
    /// Returns the current process.
    pub(crate) fn this() -> Self {
        Self { id: process::id(), forks: ffi::forks() }
    }
}
