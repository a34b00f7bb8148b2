//! The sockets of simulators: parses their addresses and connects.

use std::io::{self, ErrorKind};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use super::{Location, LocationError};
use crate::deadline::Deadline;
use crate::ffi;

/// The address of a simulator's command channel. A second channel controls the simulated machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// The second channel is on the next port.
    Internet { host: String, port: u16 },
    /// The path of the second channel ends in `.ctrl`.
    Unix(PathBuf),
}

/// How long to wait for one address of a host without a deadline.
const LONGEST: Duration = Duration::from_secs(120);

impl Address {
    /// Parses `host=HOST,port=PORT` or `path=PATH`, as tss2-tcti-swtpm(7) and tss2-tcti-mssim(7) define it; the defaults are
    /// localhost and 2321. Returns None for anything else, which a TCTI may support.
    pub(crate) fn parse(string: &str) -> Option<Self> {
        let (_, configuration) = string.split_once(':').unwrap_or((string, ""));
        let (mut host, mut port) = ("localhost", 2321);
        for part in configuration.split(',').filter(|part| !part.is_empty()) {
            match part.split_once('=')? {
                ("host", value) => host = value,
                ("port", value) => port = value.parse().ok()?,
                ("path", value) => return Some(Self::Unix(value.into())),
                _ => return None,
            }
        }
        Some(Self::Internet { host: host.to_owned(), port })
    }

    /// Returns the address of the second channel.
    pub(crate) fn second(&self) -> Option<Self> {
        match self {
            Self::Internet { host, port } => {
                Some(Self::Internet { host: host.clone(), port: port.checked_add(1)? })
            }
            Self::Unix(path) => {
                let mut path = path.clone().into_os_string();
                path.push(".ctrl");
                Some(Self::Unix(path.into()))
            }
        }
    }

    /// Connects. Programs that the process executes do not inherit the socket.
    pub(crate) fn connect(&self, deadline: Deadline) -> io::Result<OwnedFd> {
        let (host, port) = match self {
            Self::Unix(path) => return ffi::connect_unix(path, deadline),
            Self::Internet { host, port } => (host.as_str(), *port),
        };
        let mut failure = io::Error::from(ErrorKind::NotFound);
        for address in (host, port).to_socket_addrs()? {
            // A timeout of zero is refused.
            let left = deadline.at_most(LONGEST).max(Duration::from_millis(1));
            match TcpStream::connect_timeout(&address, left) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(stream.into());
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

/// Connects and disconnects. Nothing is sent.
pub(super) fn connect_once(location: &Location, deadline: Deadline) -> Result<(), LocationError> {
    // The TCTI reports what cannot be parsed here.
    let Some(address) = Address::parse(&location.string) else { return Ok(()) };
    address
        .connect(deadline)
        .map(drop)
        .map_err(|cause| LocationError::Socket { location: location.clone(), cause })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::transport::location::{Location, Source};

    fn check(string: &str) -> Result<(), String> {
        let deadline = Deadline::within(Duration::from_secs(10));
        Location::parse(string, Source::Explicit).unwrap().check(deadline).map_err(|error| error.to_string())
    }

    #[test]
    fn a_listening_socket_is_accepted_and_a_closed_one_is_reported() {
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
                [string, "check that it runs", "TPM2_TCTI"].iter().all(|word| text.contains(word)),
                "{text}"
            );
        }
    }

    #[test]
    fn unknown_configurations_are_left_to_the_tcti() {
        for string in ["swtpm:hots=127.0.0.1", "mssim:port=many", "swtpm:127.0.0.1"] {
            check(string).unwrap();
        }
    }

    #[test]
    fn a_tcti_string_gives_both_channels() {
        let at = |host: &str, port| Address::Internet { host: host.to_owned(), port };
        for (string, first, second) in [
            ("mssim:host=::1,port=4000", at("::1", 4000), Some(at("::1", 4001))),
            ("swtpm", at("localhost", 2321), Some(at("localhost", 2322))),
            ("swtpm:port=65535", at("localhost", 65535), None),
            ("swtpm:path=/run/s", Address::Unix("/run/s".into()), Some(Address::Unix("/run/s.ctrl".into()))),
        ] {
            let address = Address::parse(string).unwrap();
            assert_eq!((&address, address.second()), (&first, second), "{string}");
        }
    }
}
