//! The only folder with unsafe code: what a child does between fork and exec.
#![allow(unsafe_code)]

mod detach;
mod terminal;

pub(crate) use detach::detach;
pub(crate) use terminal::{control_terminal, open_terminal};

/// kill(2); a process that is gone already is no error.
pub(crate) fn kill(pid: i32, signal: i32) {
    // SAFETY: kill(2) takes two integers and touches no memory.
    unsafe { libc::kill(pid, signal) };
}
