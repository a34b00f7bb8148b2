//! The framing of Microsoft's simulator, which tcti-mssim speaks: a command port and a platform port.
use std::io::{self, Read, Write};
use std::net::TcpStream;

use crate::{ffi, raw};

/// TPM_SEND_COMMAND and TPM_SESSION_END of the simulator's TpmTcpProtocol.h.
const SEND_COMMAND: u32 = 8;
const SESSION_END: u32 = 20;

/// The next TPM command of a client; `None` when it says good-bye.
///
/// # Errors
/// What the stream says; UnexpectedEof when the client just closes.
pub(crate) fn read_command(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    match read_u32(stream)? {
        SESSION_END => Ok(None),
        SEND_COMMAND => {
            let mut locality_and_size = [0; 5];
            stream.read_exact(&mut locality_and_size)?;
            // tcti-mssim writes this and the command one after the other, and its socket holds the second back until the first is
            // acknowledged: 40 ms for each command.
            ffi::acknowledge(stream);
            raw::read_message(stream).map(Some)
        }
        other => Err(io::Error::new(io::ErrorKind::InvalidData, format!("mssim request {other}"))),
    }
}

/// Answers one command: size, response, a status of 0.
///
/// # Errors
/// What the stream says.
pub(crate) fn write_response(stream: &mut impl Write, response: &[u8]) -> io::Result<()> {
    let size = u32::try_from(response.len()).map_err(io::Error::other)?;
    stream.write_all(&[&size.to_be_bytes()[..], response, &[0; 4]].concat())
}

/// Serves the platform port (power on, NV on, cancel …): everything succeeds and does nothing.
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

/// A client of the framing, for tests of what speaks it.
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
