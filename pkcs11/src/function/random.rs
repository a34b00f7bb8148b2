//! Random bytes, from the operating system.

use cryptoki_sys::*;

use crate::error::{Error, Result};
use crate::module::Module;

pub(crate) fn generate((handle, out): (CK_SESSION_HANDLE, &mut [u8])) -> Result<()> {
    Module::current()?.session(handle)?;
    crypto::random::fill(out)
        .map_err(|error| Error::new(CKR_FUNCTION_FAILED, "the system has no random bytes").because(error))
}

/// The operating system needs no seed.
pub(crate) fn seed((handle, _seed): (CK_SESSION_HANDLE, &[u8])) -> Result<()> {
    Module::current()?.session(handle)?;
    Err(Error::new(CKR_RANDOM_SEED_NOT_SUPPORTED, "the generator of the operating system takes no seed"))
}
