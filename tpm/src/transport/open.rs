//! Opens the TPM: finds it, and checks that this process may use it.

use std::sync::OnceLock;

use super::device::Device;
use super::simulator::{Mssim, Swtpm};
use super::tcti::Tcti;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind};
use crate::ffi;
use crate::process::Process;
use crate::transport::Transport;
use crate::transport::location::{Address, Kind, Location, LocationError};

/// Opens the TPM that the TCTI string names, or the default one. The transport carries plain commands, without sessions and slots.
///
/// # Errors
/// There is no TPM, this process may not use it, or it does not answer in time; the text says what to do.
pub fn open(tcti: Option<&str>, deadline: Deadline) -> Result<Box<dyn Transport>, Error> {
    let location = locate(tcti)?;
    if location.kind == Kind::Tabrmd {
        claim_tabrmd(&location)?;
    }
    // Any TCTI with this name opens the same file.
    if let Kind::Device(path) = &location.kind {
        return Ok(Box::new(Device::open(path, &location, deadline)?));
    }
    // A library name selects that library.
    let short = ["swtpm", "mssim"].contains(&location.string.split(':').next().unwrap_or_default());
    match (&location.kind, Address::parse(&location.string).filter(|_| short)) {
        (Kind::Swtpm, Some(address)) => Ok(Box::new(Swtpm::open(address, &location, deadline)?)),
        (Kind::Mssim, Some(address)) => Ok(Box::new(Mssim::open(&address, &location, deadline)?)),
        _ => {
            location.check(deadline).map_err(|error| unreachable_error(error, deadline))?;
            Ok(Box::new(Tcti::open(&location, deadline)?))
        }
    }
}

/// Returns the location of the TPM. Nothing is opened.
pub(crate) fn locate(tcti: Option<&str>) -> Result<Location, Error> {
    Location::find(tcti, &ffi::environment).map_err(no_tpm_error)
}

pub(super) fn no_tpm_error(error: LocationError) -> Error {
    Error::new(ErrorKind::NoTpm, error.cause()).advise(error.advice())
}

/// Returns the error of a simulator that is not reachable or does not answer in time.
pub(super) fn unreachable_error(error: LocationError, deadline: Deadline) -> Error {
    match deadline.has_passed() {
        true => deadline.missed("the TPM has not answered"),
        false => no_tpm_error(error),
    }
}

/// Refuses tpm2-abrmd in a forked child: the D-Bus library behind `tabrmd:` hangs forever there if the parent used it.
fn claim_tabrmd(location: &Location) -> Result<(), Error> {
    static USER: OnceLock<Process> = OnceLock::new();
    let process = Process::this();
    match USER.get_or_init(|| process) {
        user if *user != process => Err(Error::new(
            ErrorKind::Forked,
            format!("this process was forked from one (process {}) that uses {}, and its D-Bus library does not survive a fork", user.id, location.string),
        )
        .advise("use device:/dev/tpmrm0, or the TCTI cmd:tpm2_send -T tabrmd:")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_simulator_that_does_not_accept_is_a_timeout() {
        let path = std::env::temp_dir().join(format!("tpm2-open-{}", std::process::id()));
        let control = path.with_extension("ctrl");
        let _full = [&path, &control].map(|path| ffi::full_listener(path));
        for name in ["swtpm", "libtss2-tcti-swtpm.so.0"] {
            let tcti = format!("{name}:path={}", path.display());
            let start = Instant::now();
            let error = open(Some(&tcti), Deadline::within(Duration::from_millis(50))).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Timeout, "{tcti}: {error}");
            assert!(start.elapsed() < Duration::from_secs(5), "{tcti}: {:?}", start.elapsed());
        }
        [path, control].iter().for_each(|path| std::fs::remove_file(path).unwrap());
    }
}
