//! All unsafe code of the fixtures: mostly what a child does between fork and exec.
#![allow(unsafe_code)]

use std::net::TcpStream;
use std::os::fd::AsRawFd as _;

mod detach;
mod end;
mod terminal;

pub(crate) use detach::detach;
pub(crate) use end::await_end;
pub(crate) use terminal::{control_terminal, echoes, make_raw, open_terminal};

/// Sends a signal with kill(2). It is not an error if the process has ended.
pub(crate) fn kill(pid: i32, signal: i32) {
    // SAFETY: kill(2) takes two integers and touches no memory.
    unsafe { libc::kill(pid, signal) };
}

/// Acknowledges received data at once, which sockets do not do by default (tcp(7), TCP_QUICKACK).
pub(crate) fn acknowledge(stream: &TcpStream) {
    let on: libc::c_int = 1;
    let size = libc::socklen_t::try_from(size_of_val(&on)).unwrap_or(4);
    // SAFETY: setsockopt(2) reads as many bytes of `on` as `size` says, and keeps nothing.
    unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_QUICKACK,
            (&raw const on).cast(),
            size,
        )
    };
}

/// Returns the processor time that all threads of this process have used (clock_gettime(2)).
pub(crate) fn process_cpu_time() -> libc::timespec {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: clock_gettime(2) writes one timespec; the clock exists on every Linux.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    time
}
