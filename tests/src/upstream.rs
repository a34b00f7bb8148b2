//! Connects a fixture to a TPM with swtpm's plain framing: one connection per command, as tcti-swtpm does, so that many fixtures and
//! clients can share a swtpm, which serves one client at a time.
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::time::Duration;

use crate::raw;

/// Sends one command to the port and returns the response.
///
/// # Errors
/// The sockets' errors, and a time limit of one minute.
pub(crate) fn transact(port: u16, command: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = connect(port)?;
    stream.write_all(command)?;
    let response = raw::read_message(&mut stream);
    // A child forked meanwhile has inherited the connection, and swtpm serves one at a time: swtpm must see the end of this one.
    let _ = stream.shutdown(Shutdown::Both);
    response
}

/// Connects to a port of this machine.
///
/// # Errors
/// The error of connect(2).
pub(crate) fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
