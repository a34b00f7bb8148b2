//! The way from a fixture to a TPM that speaks swtpm's plain framing: a connection for each command, as tcti-swtpm does,
//! so that many fixtures and clients share one single-client swtpm.
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::time::Duration;

use crate::raw;

/// Sends one command to the port and gives the response.
///
/// # Errors
/// What the sockets say; a time limit of a minute.
pub(crate) fn transact(port: u16, command: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = connect(port)?;
    stream.write_all(command)?;
    let response = raw::read_message(&mut stream);
    // A child that was forked meanwhile has the connection, too, and swtpm serves one at a time: it must see the end of this one.
    let _ = stream.shutdown(Shutdown::Both);
    response
}

/// A connection to a port of this machine.
///
/// # Errors
/// What connect(2) says.
pub(crate) fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
