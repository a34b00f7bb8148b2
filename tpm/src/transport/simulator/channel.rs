//! One connection to a simulator, with a deadline.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::AsRawFd as _;

use crate::deadline::Deadline;
use crate::error::Error;
use crate::ffi;
use crate::transport::answer::LARGEST;
use crate::transport::location::Address;

/// A socket of either family: std uses the same calls for both, without SIGPIPE.
pub(super) struct Channel(TcpStream);

impl Channel {
    /// Connects.
    pub(super) fn open(address: &Address, deadline: Deadline) -> io::Result<Self> {
        address.connect(deadline).map(|socket| Self(socket.into()))
    }

    /// Sends all bytes.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.0.write_all(bytes).map_err(|cause| Error::broken("sending a command to the TPM", cause))
    }

    /// Reads into `buffer`, replacing its contents, until it has the size that `size` returns for the received bytes.
    pub(super) fn receive(
        &mut self,
        buffer: &mut Vec<u8>,
        size: impl Fn(&[u8]) -> usize,
        deadline: Deadline,
    ) -> Result<(), Error> {
        const WAITING: &str = "waiting for the TPM's answer";
        buffer.clear();
        buffer.resize(LARGEST + 8, 0);
        let mut have = 0;
        loop {
            let (received, room) = buffer.split_at_mut_checked(have).unwrap_or_default();
            let whole = size(received);
            if have >= whole {
                buffer.truncate(whole);
                return Ok(());
            }
            let fd = self.0.as_raw_fd();
            if !ffi::readable(&[fd], deadline).map_err(|cause| Error::broken(WAITING, cause))? {
                return Err(deadline.missed("the TPM has not answered"));
            }
            match self.0.read(room) {
                Ok(0) => return Err(Error::broken(WAITING, ErrorKind::UnexpectedEof.into())),
                Ok(read) => have = have.saturating_add(read),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::broken(WAITING, error)),
            }
        }
    }

    /// Sends one request on the second channel. Its answer must begin with four zero bytes.
    pub(super) fn control(&mut self, request: &[u8], deadline: Deadline) -> Result<(), Error> {
        let mut answer = Vec::new();
        self.send(request)?;
        self.receive(&mut answer, |_| 4, deadline)?;
        match answer.iter().all(|&byte| byte == 0) {
            true => Ok(()),
            false => {
                Err(Error::broken("the simulator's control channel", ErrorKind::PermissionDenied.into()))
            }
        }
    }
}
