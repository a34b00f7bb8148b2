//! One open device file: sends a command in one write(2) and reads its answer by read(2), within the kernel's rules (Linux,
//! drivers/char/tpm/tpm-dev-common.c).
//!
//! - With O_NONBLOCK, write(2) only hands over the command. Linux before 5.0 does not support that, nor poll(2): there write(2) waits
//!   for the answer.
//! - Until the answer is there, poll(2), read(2) and close(2) block in the kernel, regardless of O_NONBLOCK and timeouts: they take
//!   the lock that the command holds. epoll_wait(2) does not block: it is woken when the command has ended, and queries the file only
//!   then.
//! - read(2) returns the answer, or the error of the command. It returns nothing if an older kernel had such an error, or if the
//!   answer was not read for two minutes.
//! - A second command must not be written before the answer was read.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use crate::deadline::Deadline;
use crate::ffi::Edge;
use crate::transport::answer::{LARGEST, size};

/// An open device file.
pub(super) struct Line {
    file: File,
    /// None if write(2) waits for the answer.
    edge: Option<Edge>,
    busy: bool,
}

impl Line {
    /// Takes a file that was opened with O_NONBLOCK.
    pub(super) fn new(file: File) -> io::Result<Self> {
        let edge = Edge::watch(file.as_fd())?;
        Ok(Self { file, edge, busy: false })
    }

    /// Returns true if a command was sent and its answer has not come. No other command can be sent then, and closing would wait.
    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Returns the device number.
    pub(super) fn number(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.rdev())
    }

    /// Sends one complete command.
    pub(super) fn send(&mut self, command: &[u8]) -> io::Result<()> {
        // Discards earlier events, which are not about this command.
        self.wait_for_event(Deadline::within(Duration::ZERO))?;
        let written = loop {
            match self.file.write(command) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                written => break written?,
            }
        };
        self.busy = written > 0;
        (written == command.len()).then_some(()).ok_or_else(|| ErrorKind::WriteZero.into())
    }

    /// Reads the answer into `response`. Returns false after the deadline.
    pub(super) fn receive(&mut self, response: &mut Vec<u8>, deadline: Deadline) -> io::Result<bool> {
        response.clear();
        response.resize(LARGEST, 0);
        let mut have = 0;
        while self.wait_for_event(deadline)? {
            if self.read(response, &mut have).inspect_err(|_| self.busy = false)? {
                self.busy = false;
                response.truncate(have);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads the available bytes. Returns true if the answer is complete.
    fn read(&mut self, response: &mut [u8], have: &mut usize) -> io::Result<bool> {
        loop {
            let (received, room) = response.split_at_mut_checked(*have).unwrap_or_default();
            // A device returns the answer in one piece; a substitute in tests may not.
            if !received.is_empty() && received.len() >= size(received) {
                return Ok(true);
            }
            match self.file.read(room) {
                Ok(0) => return Err(io::Error::new(ErrorKind::UnexpectedEof, "the device gives no answer")),
                Ok(read) => *have = have.saturating_add(read),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // A terminal also reports other events.
                Err(error) if error.kind() == ErrorKind::WouldBlock && self.edge.is_some() => {
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn wait_for_event(&self, deadline: Deadline) -> io::Result<bool> {
        self.edge.as_ref().map_or(Ok(true), |edge| edge.wait(deadline))
    }
}
