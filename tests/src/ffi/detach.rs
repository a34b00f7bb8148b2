//! A child in a session of its own that dies with the process that started it.
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Gives the child its own session (no controlling terminal to prompt on, a process group to end as a whole) and
/// SIGKILL when the *thread* that spawns it ends (prctl(2), PR_SET_PDEATHSIG).
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
        // SAFETY: getppid(2) takes nothing and cannot fail.
        let parent = unsafe { libc::getppid() };
        // The parent may have died before the signal was asked for.
        if u32::try_from(parent) == Ok(us) { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::ESRCH)) }
    };
    // SAFETY: the closure calls only async-signal-safe functions and allocates nothing (signal-safety(7)).
    unsafe { command.pre_exec(prepare) };
}
