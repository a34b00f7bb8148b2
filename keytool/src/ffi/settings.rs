//! The settings of the terminal (termios(3)), which a prompt changes: nothing is echoed, no key sends a signal.

use std::fs::{File, OpenOptions};
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;

use libc::c_int;

/// How the terminal was set.
pub(crate) struct Settings {
    terminal: File,
    kept: libc::termios,
}

impl Settings {
    /// As they are now; none where there is no terminal.
    pub(crate) fn now() -> Option<Self> {
        let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
        let mut kept = MaybeUninit::<libc::termios>::uninit();
        // SAFETY: tcgetattr(3) writes the structure behind the pointer, or says that it did not.
        let answer = unsafe { libc::tcgetattr(terminal.as_raw_fd(), kept.as_mut_ptr()) };
        // SAFETY: it was written.
        (answer == 0).then(|| Self { terminal, kept: unsafe { kept.assume_init() } })
    }

    /// Drops what was typed before a question: it was not meant as the answer.
    pub(crate) fn drop_typed(&self) {
        // SAFETY: tcflush(3) takes no memory; a failure changes nothing.
        unsafe { libc::tcflush(self.terminal.as_raw_fd(), libc::TCIFLUSH) };
    }

    /// Switches the echo off, and what keys send as signals; drops what was typed before: it was not meant as an answer.
    pub(crate) fn silence(&self) {
        let mut silent = self.kept;
        silent.c_lflag &= !(libc::ECHO | libc::ISIG);
        // SAFETY: tcsetattr(3) reads the structure; a failure changes nothing.
        unsafe { libc::tcsetattr(self.terminal.as_raw_fd(), libc::TCSAFLUSH, &raw const silent) };
    }

    /// Sets the terminal as it was. What was typed behind the answer stays for the next reader.
    pub(crate) fn put_back(&self) {
        // SAFETY: tcsetattr(3) reads the structure, which tcgetattr(3) has written.
        unsafe { libc::tcsetattr(self.terminal.as_raw_fd(), libc::TCSADRAIN, &raw const self.kept) };
    }

    /// Ends the process with the terminal as it was. No exit handler runs behind that: meanwhile another thread, which has printed its
    /// prompt, would switch the echo off.
    pub(crate) fn end(&self, status: c_int) -> ! {
        self.restore();
        // SAFETY: _exit(2) takes no memory.
        unsafe { libc::_exit(status) }
    }

    /// Sets the terminal so again, and takes away what was typed for the prompt alone. In the background it is somebody else's by now.
    fn restore(&self) {
        let terminal = self.terminal.as_raw_fd();
        // SAFETY: tcgetpgrp(3) takes no memory.
        let foreground = unsafe { libc::tcgetpgrp(terminal) };
        // SAFETY: getpgrp(2) takes nothing.
        if foreground != unsafe { libc::getpgrp() } {
            return;
        }
        // SAFETY: tcflush(3) takes no memory; a failure changes nothing.
        unsafe { libc::tcflush(terminal, libc::TCIFLUSH) };
        // SAFETY: tcsetattr(3) reads the structure, which tcgetattr(3) has written.
        unsafe { libc::tcsetattr(terminal, libc::TCSANOW, &raw const self.kept) };
    }
}
