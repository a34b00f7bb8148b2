//! Where a new attestation key goes: a handle that the user names, or the first free one, which is then written to a reference file.

use std::path::Path;

use keyfile::{Handle, KeyReference, Public};
use tpm::Tpm;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::output::{IfExists, Target};
use crate::persistent::{PersistentHandle, check_free};
use crate::terminal;

/// The first handle for attestation keys. The handles before it are those of the endorsement keys (TCG EK credential profile).
pub(super) const FIRST: Handle = Handle(0x8101_0100);
/// The last handle of the endorsement hierarchy (TCG registry of reserved TPM 2.0 handles and localities).
const LAST: u32 = 0x8101_ffff;

/// Where the key goes.
pub(super) enum Place {
    Handle(Handle),
    File(Target),
}

impl Place {
    /// Reads the argument: what is no handle is a file.
    ///
    /// # Errors
    /// The handle is not persistent; or the file exists, or cannot be written.
    pub(super) fn new(argument: &Path, if_exists: IfExists) -> Result<Self, Error> {
        let text = argument.to_str().unwrap_or_default();
        match text.parse::<PersistentHandle>() {
            Ok(PersistentHandle(handle)) => Ok(Self::Handle(handle)),
            Err(problem) if text.parse::<Handle>().is_ok() => Err(Error::request(
                problem,
                "an attestation key is made at a persistent handle, such as 0x81010100",
            )),
            Err(_) => Ok(Self::File(Target::new(argument, if_exists)?)),
        }
    }

    /// Returns the handle.
    ///
    /// # Errors
    /// It is in use, or none is free.
    pub(super) fn handle(&self, tpm: &Tpm) -> Result<Handle, Error> {
        if let Self::Handle(handle) = self {
            check_free(tpm, *handle)?;
            return Ok(*handle);
        }
        let used = tpm.persistent_handles()?;
        let mut all = (FIRST.0..=LAST).map(Handle);
        all.find(|handle| !used.contains(handle)).ok_or_else(|| {
            Error::request(format!("no handle from {FIRST} on is free"), "name a handle instead of a file")
        })
    }

    /// Writes the reference file.
    ///
    /// # Errors
    /// It cannot be written. The key stays.
    pub(super) fn write(&self, at: Handle, public: &Public) -> Result<(), Error> {
        let Self::File(target) = self else { return Ok(()) };
        terminal::notice(format_args!("the attestation key is at {at}"));
        let uri = Zeroizing::new(format!("handle:{at}"));
        let reference = KeyReference { uri, empty_auth: true, public: public.clone() };
        let pem =
            reference.to_pem().map_err(|source| Error::request(source.to_string(), "report this error"))?;
        target.write(pem.as_bytes())
    }
}
