//! The framing of Microsoft's simulator, as in tcti-mssim: a command port and a platform port.
use std::io::{self, Read, Write};
use std::net::TcpStream;

use crate::{ffi, raw};

/// TPM_SEND_COMMAND and TPM_SESSION_END of the simulator's TpmTcpProtocol.h.
const SEND_COMMAND: u32 = 8;
const SESSION_END: u32 = 20;

/// Reads the next TPM command of a client; `None` if the client ends the session.
///
/// # Errors
/// The stream's error; UnexpectedEof if the client closes the connection without ending the session.
pub(crate) fn read_command(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    match read_u32(stream)? {
        SESSION_END => Ok(None),
        SEND_COMMAND => {
            let mut locality_and_size = [0; 5];
            stream.read_exact(&mut locality_and_size)?;
            // tcti-mssim writes this and the command separately, and its socket holds back the second until the first is acknowledged,
            // which costs 40 ms per command.
            ffi::acknowledge(stream);
            raw::read_message(stream).map(Some)
        }
        other => Err(io::Error::new(io::ErrorKind::InvalidData, format!("mssim request {other}"))),
    }
}

/// Answers one command: size, response, status 0.
///
/// # Errors
/// The stream's error.
pub(crate) fn write_response(stream: &mut impl Write, response: &[u8]) -> io::Result<()> {
    let size = u32::try_from(response.len()).map_err(io::Error::other)?;
    stream.write_all(&[&size.to_be_bytes()[..], response, &[0; 4]].concat())
}

/// Serves the platform port (power on, NV on, cancel …): every request succeeds without effect.
pub(crate) fn platform(mut stream: TcpStream) {
    while let Ok(request) = read_u32(&mut stream) {
        if request == SESSION_END || stream.write_all(&[0; 4]).is_err() {
            break;
        }
    }
}

fn read_u32(stream: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}

/// A client of the framing, for tests of its servers.
#[cfg(test)]
pub(crate) struct Client(std::sync::Mutex<TcpStream>);

#[cfg(test)]
impl Client {
    pub(crate) fn connect(tcti: &str) -> Self {
        let port: u16 = tcti.strip_prefix("mssim:host=127.0.0.1,port=").unwrap().parse().unwrap();
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
        Self(std::sync::Mutex::new(stream))
    }

    pub(crate) fn try_transact(&self, command: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = self.0.lock().unwrap();
        let size = u32::try_from(command.len()).unwrap();
        stream.write_all(&[&[0, 0, 0, 8, 0][..], &size.to_be_bytes(), command].concat())?;
        let mut response = vec![0; usize::try_from(read_u32(&mut *stream)?).unwrap()];
        stream.read_exact(&mut response)?;
        assert_eq!(read_u32(&mut *stream)?, 0);
        Ok(response)
    }
}

#[cfg(test)]
impl raw::Tpm for Client {
    fn transact(&self, command: &[u8]) -> Vec<u8> {
        self.try_transact(command).unwrap()
    }
}
