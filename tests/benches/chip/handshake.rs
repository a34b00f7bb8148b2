//! A TLS client without any delay of its own.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};

/// Makes a full TLS handshake with the server on a port. `None` if it fails.
pub(crate) fn with(port: u16) -> Option<()> {
    handshake(connected(port)?)
}

/// The same with PostgreSQL, whose clients ask for TLS first (PostgreSQL's frontend/backend protocol: SSLRequest).
pub(crate) fn with_postgresql(port: u16) -> Option<()> {
    let mut stream = connected(port)?;
    stream.write_all(&[0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x2F]).ok()?;
    let mut answer = [0];
    stream.read_exact(&mut answer).ok()?;
    (answer == *b"S").then(|| handshake(stream)).flatten()
}

fn connected(port: u16) -> Option<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a socket");
    Some(stream)
}

fn handshake(stream: TcpStream) -> Option<()> {
    let mut builder = SslConnector::builder(SslMethod::tls_client()).expect("a client");
    builder.set_verify(SslVerifyMode::NONE);
    builder.build().connect("localhost", stream).ok().map(drop)
}
