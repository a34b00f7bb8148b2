//! The only folder with unsafe code: what a child does between fork and exec.
#![allow(unsafe_code)]

mod detach;

pub(crate) use detach::detach;

/// kill(2); a process that is gone already is no error.
pub(crate) fn kill(pid: i32, signal: i32) {
    // SAFETY: kill(2) takes two integers and touches no memory.
    unsafe { libc::kill(pid, signal) };
}
