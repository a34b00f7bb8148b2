//! The settings of the terminal (termios(3)). During a prompt, nothing is echoed and no key sends a signal.

use std::fs::{File, OpenOptions};
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;

use libc::c_int;

/// The saved settings of the terminal.
pub(crate) struct Settings {
    terminal: File,
    kept: libc::termios,
}

impl Settings {
    /// Returns the current settings, or none if there is no terminal.
    pub(crate) fn now() -> Option<Self> {
        let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
        let mut kept = MaybeUninit::<libc::termios>::uninit();
        // SAFETY: tcgetattr(3) writes the structure, or returns an error.
        let answer = unsafe { libc::tcgetattr(terminal.as_raw_fd(), kept.as_mut_ptr()) };
        // SAFETY: it was written.
        (answer == 0).then(|| Self { terminal, kept: unsafe { kept.assume_init() } })
    }

    /// Discards input that was typed before a question, because it is not the answer.
    pub(crate) fn drop_typed(&self) {
        // SAFETY: tcflush(3) takes no memory; a failure changes nothing.
        unsafe { libc::tcflush(self.terminal.as_raw_fd(), libc::TCIFLUSH) };
    }

    /// Switches off the echo and the keys that send signals. Discards earlier input, because it is not the answer.
    pub(crate) fn silence(&self) {
        let mut silent = self.kept;
        silent.c_lflag &= !(libc::ECHO | libc::ISIG);
        // SAFETY: tcsetattr(3) reads the structure; a failure changes nothing.
        unsafe { libc::tcsetattr(self.terminal.as_raw_fd(), libc::TCSAFLUSH, &raw const silent) };
    }

    /// Restores the settings. Input after the answer is kept for the next reader.
    pub(crate) fn restore_after_answer(&self) {
        // SAFETY: tcsetattr(3) reads the structure, which tcgetattr(3) has written.
        unsafe { libc::tcsetattr(self.terminal.as_raw_fd(), libc::TCSADRAIN, &raw const self.kept) };
    }

    /// Restores the settings and ends the process. No exit handler runs, because another thread that has just printed its prompt could switch
    /// the echo off meanwhile.
    pub(crate) fn end(&self, status: c_int) -> ! {
        self.restore();
        // SAFETY: _exit(2) takes no memory.
        unsafe { libc::_exit(status) }
    }

    /// Restores the settings, and discards the input for the prompt. Does nothing in the background, when another process uses the terminal.
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
