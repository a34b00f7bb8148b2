//! The sockets of simulators: whether somebody listens, said before tpm2-tss prints about it.

use std::io;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use super::{Location, LocationError};

/// Connects and hangs up. Nothing is sent.
pub(super) fn connect_once(location: &Location) -> Result<(), LocationError> {
    let (_, configuration) = location.string.split_once(':').unwrap_or((&location.string, ""));
    // What cannot be read is for the TCTI to refuse.
    let Some(connected) = connect(configuration) else { return Ok(()) };
    connected.map_err(|cause| LocationError::Socket { location: location.clone(), cause })
}

/// `host=HOST,port=PORT` or `path=PATH`, as tss2-tcti-swtpm(7) and tss2-tcti-mssim(7) have it; what is left out is localhost
/// and 2321.
fn connect(configuration: &str) -> Option<io::Result<()>> {
    let (mut host, mut port) = ("localhost", 2321);
    for part in configuration.split(',').filter(|part| !part.is_empty()) {
        match part.split_once('=')? {
            ("host", value) => host = value,
            ("port", value) => port = value.parse().ok()?,
            ("path", value) => return Some(UnixStream::connect(value).map(drop)),
            _ => return None,
        }
    }
    Some(TcpStream::connect((host, port)).map(drop))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::unix::net::UnixListener;

    use crate::transport::location::{Location, Source};

    fn check(string: &str) -> Result<(), String> {
        Location::parse(string, Source::Explicit).unwrap().check().map_err(|error| error.to_string())
    }

    #[test]
    fn who_listens_is_accepted_and_nobody_is_said() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let path = std::env::temp_dir().join(format!("tpm2-socket-{}", std::process::id()));
        let unix = UnixListener::bind(&path).unwrap();
        let strings = [
            format!("swtpm:host=127.0.0.1,port={port}"),
            format!("mssim:port={port},host=127.0.0.1"),
            format!("swtpm:path={}", path.display()),
        ];
        for string in &strings {
            check(string).unwrap();
        }
        drop((listener, unix));
        std::fs::remove_file(path).unwrap();
        for string in &strings {
            let text = check(string).unwrap_err();
            assert!(
                [string, "see that it runs", "TPM2_TCTI"].iter().all(|word| text.contains(word)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_we_cannot_read_is_left_to_the_tcti() {
        for string in ["swtpm:hots=127.0.0.1", "mssim:port=many", "swtpm:127.0.0.1"] {
            check(string).unwrap();
        }
    }
}
