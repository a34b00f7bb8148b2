//! Runs a child in a session of its own that ends with the process that started it.
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// CLOSE_RANGE_CLOEXEC of linux/close_range.h.
const CLOEXEC: libc::c_int = 1 << 2;

/// Gives the child its own session (no controlling terminal to prompt on, and a process group that can be ended as a whole) and a SIGKILL
/// when the *thread* that spawns it ends (prctl(2), PR_SET_PDEATHSIG). The child inherits only the standard descriptors: otherwise a
/// connection that another test is opening would stay open in the child, and a simulator serves only one at a time. Signals that a shell's
/// background jobs or nohup(1) ignore get their default action.
pub(crate) fn detach(command: &mut Command) {
    let us = std::process::id();
    let prepare = move || {
        // SAFETY: setsid(2) takes nothing and touches no memory.
        unsafe { libc::setsid() };
        // SAFETY: PR_SET_PDEATHSIG reads one unsigned long (prctl(2)).
        if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::c_ulong::try_from(libc::SIGKILL).unwrap_or(9)) }
            != 0
        {
            return Err(io::Error::last_os_error());
        }
        for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT] {
            // SAFETY: signal(2) with the default action.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        // Sets a flag instead of closing: the standard library has a pipe here for errors before exec. Linux before 5.11 refuses; the child
        // then does without.
        // SAFETY: close_range(2) with CLOSE_RANGE_CLOEXEC sets flags in this process's own table and touches no memory.
        unsafe { libc::close_range(3, libc::c_uint::MAX, CLOEXEC) };
        // SAFETY: getppid(2) takes nothing and cannot fail.
        let parent = unsafe { libc::getppid() };
        // The parent may have ended before the signal was requested.
        if u32::try_from(parent) == Ok(us) { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::ESRCH)) }
    };
    // SAFETY: the closure calls only async-signal-safe functions and allocates nothing (signal-safety(7)).
    unsafe { command.pre_exec(prepare) };
}
