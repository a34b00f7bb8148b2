//! Pseudo-terminals: openpty(3) and the controlling terminal of a child.
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::ptr;

/// Opens a terminal: our side, and the program's side.
///
/// # Errors
/// The error of openpty(3).
pub(crate) fn open_terminal() -> io::Result<(File, OwnedFd)> {
    let (mut ours, mut theirs) = (-1, -1);
    // SAFETY: openpty(3) writes two descriptors; name, settings and size may be NULL.
    let result =
        unsafe { libc::openpty(&raw mut ours, &raw mut theirs, ptr::null_mut(), ptr::null(), ptr::null()) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: openpty(3) succeeded, so this is a new descriptor that nothing else owns.
    let ours = unsafe { File::from_raw_fd(ours) };
    // SAFETY: as above.
    let theirs = unsafe { OwnedFd::from_raw_fd(theirs) };
    for descriptor in [ours.as_raw_fd(), theirs.as_raw_fd()] {
        // A child of another test must not keep our terminal open.
        // SAFETY: fcntl(2) with F_SETFD takes an integer.
        unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    Ok((ours, theirs))
}

/// Returns true if the terminal echoes what is typed (termios(3)). Either side can be given.
///
/// # Errors
/// The error of tcgetattr(3).
pub(crate) fn echoes(terminal: &File) -> io::Result<bool> {
    let mut settings = MaybeUninit::<libc::termios>::uninit();
    // SAFETY: tcgetattr(3) writes the structure, or reports that it did not.
    if unsafe { libc::tcgetattr(terminal.as_raw_fd(), settings.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: tcgetattr(3) has written it.
    Ok(unsafe { settings.assume_init() }.c_lflag & libc::ECHO != 0)
}

/// Sets raw mode, so that bytes pass unchanged (cfmakeraw(3)).
///
/// # Errors
/// The errors of tcgetattr(3) and tcsetattr(3).
pub(crate) fn make_raw(terminal: &OwnedFd) -> io::Result<()> {
    let mut settings = MaybeUninit::<libc::termios>::uninit();
    // SAFETY: tcgetattr(3) writes the structure, or reports that it did not.
    if unsafe { libc::tcgetattr(terminal.as_raw_fd(), settings.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: tcgetattr(3) has written it.
    let mut settings = unsafe { settings.assume_init() };
    // SAFETY: cfmakeraw(3) changes an initialized structure.
    unsafe { libc::cfmakeraw(&raw mut settings) };
    // SAFETY: tcsetattr(3) reads it.
    match unsafe { libc::tcsetattr(terminal.as_raw_fd(), libc::TCSANOW, &raw const settings) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Makes the child's standard input its controlling terminal. TIOCSCTTY requires a session leader, so this starts the session; the later
/// setsid(2) of [`super::detach()`] then fails harmlessly.
pub(crate) fn control_terminal(command: &mut Command) {
    let prepare = || {
        // SAFETY: setsid(2) takes nothing and touches no memory.
        unsafe { libc::setsid() };
        // SAFETY: TIOCSCTTY takes an integer (ioctl_tty(2)); descriptor 0 is the terminal by now.
        if unsafe { libc::ioctl(0, libc::TIOCSCTTY, 0) } == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    };
    // SAFETY: the closure calls only async-signal-safe functions and allocates nothing (signal-safety(7)).
    unsafe { command.pre_exec(prepare) };
}
