//! Opens the TPM: where it is, whether it can be, and whether this process may.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use super::tcti::Tcti;
use crate::error::{Error, ErrorKind};
use crate::ffi;
use crate::transport::Transport;
use crate::transport::location::{Kind, Location, LocationError};

/// Opens the TPM that the TCTI string names, or the one that is found without: commands as octets, past sessions and slots.
///
/// # Errors
/// When there is none, or this process may not use it; the text says what to do.
pub fn open(tcti: Option<&str>) -> Result<Box<dyn Transport>, Error> {
    let location = locate(tcti)?;
    if location.kind == Kind::Tabrmd {
        claim_tabrmd(&location)?;
    }
    location.check().map_err(not_there)?;
    Ok(Box::new(Tcti::open(&location)?))
}

/// Where the TPM is; nothing is opened.
pub(crate) fn locate(tcti: Option<&str>) -> Result<Location, Error> {
    Location::find(tcti, &ffi::environment).map_err(not_there)
}

fn not_there(error: LocationError) -> Error {
    Error::new(ErrorKind::NoTpm, error.cause()).advise(error.advice())
}

/// The D-Bus library behind `tabrmd:` hangs for ever in a child of a process that used it.
fn claim_tabrmd(location: &Location) -> Result<(), Error> {
    static USER: AtomicU32 = AtomicU32::new(0);
    let process = process::id();
    match USER.compare_exchange(0, process, Ordering::AcqRel, Ordering::Acquire) {
        Err(user) if user != process => Err(Error::new(
            ErrorKind::Forked,
            format!("this process was forked from one (process {user}) that uses {}, and the D-Bus library under it does not survive fork", location.string),
        )
        .advise("use device:/dev/tpmrm0, or the TCTI cmd:tpm2_send -T tabrmd:")),
        _ => Ok(()),
    }
}
