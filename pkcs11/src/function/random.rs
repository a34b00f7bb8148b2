//! Random bytes, from the operating system.

use cryptoki_sys::*;

use crate::error::{Error, Result};
use crate::ffi::Area;
use crate::module::Module;

pub(crate) fn generate((handle, area): (CK_SESSION_HANDLE, Area<'_>)) -> Result<()> {
    Module::current()?.session(handle)?;
    area.fill(|part| {
        crypto::random::fill(part)
            .map_err(|error| Error::new(CKR_FUNCTION_FAILED, "the system has no random bytes").because(error))
    })
}

/// The operating system needs no seed.
pub(crate) fn seed((handle, _seed): (CK_SESSION_HANDLE, &[u8])) -> Result<()> {
    Module::current()?.session(handle)?;
    Err(Error::new(CKR_RANDOM_SEED_NOT_SUPPORTED, "the generator of the operating system takes no seed"))
}
