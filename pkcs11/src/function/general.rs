//! C_Initialize, C_Finalize, C_GetInfo.

use cryptoki_sys::*;

use super::{VERSION, text};
use crate::error::{Error, Result};
use crate::ffi::Slot;
use crate::module::Module;

/// This module locks by the primitives of the operating system, and starts no thread.
pub(crate) fn initialize(arguments: Option<CK_C_INITIALIZE_ARGS>) -> Result<()> {
    let Some(arguments) = arguments else { return Module::start() };
    let given = [
        arguments.CreateMutex.is_some(),
        arguments.DestroyMutex.is_some(),
        arguments.LockMutex.is_some(),
        arguments.UnlockMutex.is_some(),
    ];
    if !arguments.pReserved.is_null() || (given.contains(&true) && given.contains(&false)) {
        return Err(Error::new(
            CKR_ARGUMENTS_BAD,
            "the arguments of C_Initialize are incomplete, or reserved",
        ));
    }
    if given.contains(&true) && arguments.flags & CKF_OS_LOCKING_OK == 0 {
        return Err(Error::new(CKR_CANT_LOCK, "the program allows only its own functions for locks"));
    }
    Module::start()
}

pub(crate) fn finalize(reserved: Option<&[u8]>) -> Result<()> {
    match reserved {
        None => Module::end(),
        Some(_) => Err(Error::new(CKR_ARGUMENTS_BAD, "the argument of C_Finalize is reserved")),
    }
}

pub(crate) fn info(place: Slot<'_, CK_INFO>) -> Result<()> {
    let module = Module::current()?;
    let configuration = &module.configuration;
    place.put(CK_INFO {
        cryptokiVersion: CK_VERSION { major: 3, minor: 0 },
        manufacturerID: text(configuration.manufacturer()),
        flags: 0,
        libraryDescription: text(configuration.library_description().unwrap_or("TPM 2.0 key files")),
        libraryVersion: VERSION,
    });
    Ok(())
}
