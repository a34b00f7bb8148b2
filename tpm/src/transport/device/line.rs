//! One open device file: a command in one write(2), its answer by read(2), and what the kernel has us mind between them
//! (Linux, drivers/char/tpm/tpm-dev-common.c).
//!
//! - Opened with O_NONBLOCK, a command is only handed over by write(2). Linux before 5.0 does not know that, nor poll(2): there write(2)
//!   waits for the answer.
//! - Until the answer is there, poll(2), read(2) and close(2) block in the kernel, O_NONBLOCK and timeouts notwithstanding: they take the
//!   lock that the command holds. epoll_wait(2) does not: it is woken when the command has ended, and asks the file only then.
//! - read(2) gives the answer, or the error that the command came to. It gives nothing where an older kernel had such an error, and where
//!   nobody has read the answer for two minutes.
//! - No second command may be written before.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use crate::deadline::Deadline;
use crate::ffi::Edge;
use crate::transport::answer::{LARGEST, size};

/// A device file of our own.
pub(super) struct Line {
    file: File,
    /// None where write(2) waits.
    edge: Option<Edge>,
    busy: bool,
}

impl Line {
    /// Takes a file that was opened with O_NONBLOCK.
    pub(super) fn new(file: File) -> io::Result<Self> {
        let edge = Edge::watch(file.as_fd())?;
        Ok(Self { file, edge, busy: false })
    }

    /// Whether a command was sent whose answer has not come. Then no other can be sent, and closing would wait.
    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    /// The device's number.
    pub(super) fn number(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.rdev())
    }

    /// Sends a command whole.
    pub(super) fn send(&mut self, command: &[u8]) -> io::Result<()> {
        // What has happened before is not about this command.
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

    /// Reads the answer into `response`. False when it has not come by the deadline.
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

    /// Reads what is there. True when that is the whole answer.
    fn read(&mut self, response: &mut [u8], have: &mut usize) -> io::Result<bool> {
        loop {
            let (came, room) = response.split_at_mut_checked(*have).unwrap_or_default();
            // A device gives the whole in one piece; what stands in for one may not.
            if !came.is_empty() && came.len() >= size(came) {
                return Ok(true);
            }
            match self.file.read(room) {
                Ok(0) => return Err(io::Error::new(ErrorKind::UnexpectedEof, "the device gives no answer")),
                Ok(read) => *have = have.saturating_add(read),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // A terminal tells of other things, too.
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
