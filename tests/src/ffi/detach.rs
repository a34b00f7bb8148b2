//! A child in a session of its own that dies with the process that started it.
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// CLOSE_RANGE_CLOEXEC of linux/close_range.h.
const CLOEXEC: libc::c_int = 1 << 2;

/// Gives the child its own session (no controlling terminal to prompt on, a process group to end as a whole), SIGKILL when the
/// *thread* that spawns it ends (prctl(2), PR_SET_PDEATHSIG), and no descriptor but the standard ones: a connection that another
/// test is just opening would stay open in the child, and a simulator serves one at a time. And the default action for the signals that
/// a shell has its background jobs ignore, and nohup(1).
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
        // Not close: the standard library has a pipe here for what goes wrong before exec. Linux before 5.11 refuses, and goes without.
        // SAFETY: close_range(2) with CLOSE_RANGE_CLOEXEC sets flags in this process's own table and touches no memory.
        unsafe { libc::close_range(3, libc::c_uint::MAX, CLOEXEC) };
        // SAFETY: getppid(2) takes nothing and cannot fail.
        let parent = unsafe { libc::getppid() };
        // The parent may have died before the signal was asked for.
        if u32::try_from(parent) == Ok(us) { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::ESRCH)) }
    };
    // SAFETY: the closure calls only async-signal-safe functions and allocates nothing (signal-safety(7)).
    unsafe { command.pre_exec(prepare) };
}
