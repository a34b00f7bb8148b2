//! Sessions and logins.

use cryptoki_sys::*;
use tpm::Auth;

use crate::error::{Error, Result};
use crate::ffi::Slot as Place;
use crate::module::Module;
use crate::session::not_begun;

pub(crate) fn open((id, flags, place): (CK_SLOT_ID, CK_FLAGS, Place<'_, CK_SESSION_HANDLE>)) -> Result<()> {
    let module = Module::current()?;
    let slot = module.slot(id)?;
    if flags & CKF_SERIAL_SESSION == 0 {
        return Err(Error::new(CKR_SESSION_PARALLEL_NOT_SUPPORTED, "sessions are serial"));
    }
    slot.check_present()?;
    // Programs open read-write sessions even if they write nothing, so a read-only token does not refuse them.
    place.put(module.open(slot, flags & CKF_RW_SESSION != 0));
    Ok(())
}

pub(crate) fn close(handle: CK_SESSION_HANDLE) -> Result<()> {
    Module::current()?.close(handle)
}

pub(crate) fn close_all(id: CK_SLOT_ID) -> Result<()> {
    let module = Module::current()?;
    module.close_all(module.slot(id)?);
    Ok(())
}

pub(crate) fn info((handle, place): (CK_SESSION_HANDLE, Place<'_, CK_SESSION_INFO>)) -> Result<()> {
    let session = Module::current()?.session(handle)?;
    let state = match (session.writes, session.slot.is_logged_in()) {
        (false, false) => CKS_RO_PUBLIC_SESSION,
        (false, true) => CKS_RO_USER_FUNCTIONS,
        (true, false) => CKS_RW_PUBLIC_SESSION,
        (true, true) => CKS_RW_USER_FUNCTIONS,
    };
    let flags = CKF_SERIAL_SESSION | if session.writes { CKF_RW_SESSION } else { 0 };
    place.put(CK_SESSION_INFO { slotID: session.slot.id(), state, flags, ulDeviceError: 0 });
    Ok(())
}

pub(crate) fn login((handle, user, pin): (CK_SESSION_HANDLE, CK_USER_TYPE, Option<&[u8]>)) -> Result<()> {
    let session = Module::current()?.session(handle)?;
    let pin =
        pin.ok_or_else(|| Error::new(CKR_ARGUMENTS_BAD, "this module does not ask for a PIN itself"))?;
    match user {
        CKU_USER => session.slot.login(pin),
        CKU_CONTEXT_SPECIFIC => {
            let mut active = session.active();
            let (active, auth) = (&mut *active, Auth::new(pin));
            match (&mut active.signing, &mut active.decryption) {
                (Some(signing), decryption) if decryption.is_none() || !signing.is_authenticated() => {
                    signing.login(&session.slot, auth)
                }
                (_, Some(decryption)) => decryption.login(&session.slot, auth),
                _ => Err(not_begun()),
            }
        }
        CKU_SO => Err(Error::new(CKR_USER_TYPE_INVALID, "the token has no security officer")),
        _ => Err(Error::new(CKR_USER_TYPE_INVALID, "the type of user is unknown")),
    }
}

type LoginUser<'a> = (CK_SESSION_HANDLE, CK_USER_TYPE, Option<&'a [u8]>, Option<&'a [u8]>);

/// The only user has no name.
pub(crate) fn login_user((handle, user, pin, name): LoginUser<'_>) -> Result<()> {
    match name {
        None | Some([]) => login((handle, user, pin)),
        Some(_) => Err(Error::new(CKR_USER_TYPE_INVALID, "the users of the token have no names")),
    }
}

pub(crate) fn logout(handle: CK_SESSION_HANDLE) -> Result<()> {
    let module = Module::current()?;
    let session = module.session(handle)?;
    match module.logout(&session.slot) {
        true => Ok(()),
        false => Err(Error::new(CKR_USER_NOT_LOGGED_IN, "the user is not logged in")),
    }
}

pub(crate) fn cancel((handle, flags): (CK_SESSION_HANDLE, CK_FLAGS)) -> Result<()> {
    let session = Module::current()?.session(handle)?;
    let mut active = session.active();
    let selected = |flag| flags & flag != 0;
    if selected(CKF_FIND_OBJECTS) {
        active.search = None;
    }
    if selected(CKF_SIGN | CKF_SIGN_RECOVER) {
        active.signing = None;
    }
    if selected(CKF_DECRYPT) {
        active.decryption = None;
    }
    Ok(())
}

/// C_GetFunctionStatus and C_CancelFunction are from a time of parallel sessions.
pub(crate) fn not_parallel(handle: CK_SESSION_HANDLE) -> Result<()> {
    Module::current()?.session(handle)?;
    Err(Error::new(CKR_FUNCTION_NOT_PARALLEL, "functions do not run in parallel"))
}
