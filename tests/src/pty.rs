//! A pseudo-terminal, to answer prompts as a person does.
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::ffi;
use crate::process::{LIMIT, Process, command_line};

/// A program whose standard input, output, error and controlling terminal are a pseudo-terminal.
pub struct Pty {
    process: Process,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    seen: String,
    read: usize,
    line: String,
}

impl Pty {
    /// Starts the command on a terminal of its own.
    ///
    /// # Panics
    /// If the system has no pseudo-terminals.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        let (ours, theirs) = ffi::open_terminal().expect("a pseudo-terminal");
        command
            .stdin(theirs.try_clone().expect("dup"))
            .stdout(theirs.try_clone().expect("dup"))
            .stderr(theirs);
        ffi::control_terminal(&mut command);
        let line = command_line(&command);
        let process = Process::spawn(command);
        let mut reader = ours.try_clone().expect("dup");
        let (tell, screen) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // EIO means the end: the last program has closed its side (pty(7)).
            while let Ok(size @ 1..) = reader.read(&mut buffer) {
                if tell.send(buffer[..size].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { process, keyboard: ours, screen, seen: String::new(), read: 0, line }
    }

    /// Waits until the text appears on the screen after the previously expected text.
    ///
    /// # Panics
    /// If it does not appear within 60 seconds, or if the program ends without it.
    #[track_caller]
    pub fn expect(&mut self, text: &str) -> &mut Self {
        let start = Instant::now();
        loop {
            if let Some(at) = self.seen[self.read..].find(text) {
                self.read += at + text.len();
                return self;
            }
            match self.screen.recv_timeout(LIMIT.saturating_sub(start.elapsed())) {
                Ok(bytes) => self.seen += &String::from_utf8_lossy(&bytes),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("`{}` hangs without {text:?}:\n{}", self.line, self.seen)
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("`{}` ended without {text:?}:\n{}", self.line, self.seen)
                }
            }
        }
    }

    /// Waits until the program has switched off the echo. A password prompt does this after its text has appeared.
    ///
    /// # Panics
    /// If it does not do so within 60 seconds.
    #[track_caller]
    pub fn expect_no_echo(&mut self) -> &mut Self {
        let start = Instant::now();
        while ffi::echoes(&self.keyboard).expect("the settings of the terminal") {
            assert!(start.elapsed() < LIMIT, "`{}` leaves the echo on:\n{}", self.line, self.seen);
            std::thread::sleep(Duration::from_millis(1));
        }
        self
    }

    /// Types a password and a newline after the program has switched off the echo. Typed earlier, it would be visible or flushed.
    ///
    /// # Panics
    /// If the program does not switch off the echo within 60 seconds, or if the terminal is gone.
    #[track_caller]
    pub fn type_line(&mut self, line: &str) -> &mut Self {
        self.expect_no_echo();
        self.keyboard.write_all(format!("{line}\n").as_bytes()).expect("type on the terminal");
        self
    }

    /// Types a visible line, such as the answer to a question.
    ///
    /// # Panics
    /// If the terminal is gone.
    pub fn answer(&mut self, line: &str) -> &mut Self {
        self.keyboard.write_all(format!("{line}\n").as_bytes()).expect("type on the terminal");
        self
    }

    /// Presses Ctrl-C.
    ///
    /// # Panics
    /// If the terminal is gone.
    pub fn interrupt(&mut self) -> &mut Self {
        self.keyboard.write_all(b"\x03").expect("type on the terminal");
        self
    }

    /// Waits for the end of the program. Returns true if it succeeded, and the whole screen.
    pub fn end(&mut self) -> (bool, String) {
        let status = self.process.wait(LIMIT);
        while let Ok(bytes) = self.screen.recv_timeout(Duration::from_secs(2)) {
            self.seen += &String::from_utf8_lossy(&bytes);
        }
        (status.success(), self.seen.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Openssl;

    #[test]
    fn prompt_is_answered() {
        let openssl = Openssl::clean();
        openssl.ok("genpkey -algorithm EC -pkeyopt group:P-256 -aes128 -pass pass:swordfish -out key");
        for (password, opens) in [("swordfish", true), ("trout", false)] {
            let mut terminal = Pty::start(openssl.shell().command("openssl pkey -in key -noout -text_pub"));
            let (success, screen) = terminal.expect("pass phrase").type_line(password).end();
            assert_eq!(success, opens, "{screen}");
            assert_eq!(screen.contains("NIST CURVE: P-256"), opens, "{screen}");
            assert!(!screen.contains(password), "echoed: {screen}");
        }
    }
}
