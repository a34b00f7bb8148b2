//! Signatures. C_SignRecover is C_Sign with the mechanisms whose signatures contain their data.

use std::sync::Arc;

use cryptoki_sys::*;
use tokens::TokenKey;

use crate::error::{Error, Result};
use crate::ffi::{MechanismArgument, Output};
use crate::mechanism::table;
use crate::module::Module;
use crate::object::Object;
use crate::operation::Signing;
use crate::session::{Session, in_progress, not_begun};

type Init<'a> = (CK_SESSION_HANDLE, Option<MechanismArgument<'a>>, CK_OBJECT_HANDLE);

pub(crate) fn init(arguments: Init<'_>) -> Result<()> {
    begin(arguments, false)
}

fn begin((handle, mechanism, which): Init<'_>, recovers: bool) -> Result<()> {
    let module = Module::current()?;
    let session = module.session(handle)?;
    // PKCS#11 3.0 §5.13.1: NULL ends the operation.
    let Some(mechanism) = mechanism else {
        session.active().signing = None;
        return Ok(());
    };
    let key = private_key(&module, &session, which)?;
    let mut active = session.active();
    if active.signing.is_some() {
        return Err(in_progress());
    }
    active.signing = Some(Signing::new(key, &mechanism, recovers)?);
    Ok(())
}

pub(crate) fn init_recover((handle, mechanism, which): Init<'_>) -> Result<()> {
    if let Some(mechanism) = mechanism {
        if table::find(mechanism.mechanism)?.info().flags & CKF_SIGN_RECOVER == 0 {
            return Err(table::unknown(mechanism.mechanism));
        }
    }
    begin((handle, mechanism, which), true)
}

/// Returns the private key with a handle.
///
/// # Errors
/// CKR_KEY_HANDLE_INVALID, CKR_TOKEN_NOT_PRESENT
pub(super) fn private_key(
    module: &Module,
    session: &Session,
    which: CK_OBJECT_HANDLE,
) -> Result<Arc<TokenKey>> {
    // Looked at again, because the key file may be gone.
    let contents = session.slot.contents()?;
    match Object::find(module, &session.slot, &contents, which) {
        Ok(Object::Private(key)) => Ok(key),
        _ => Err(Error::new(CKR_KEY_HANDLE_INVALID, format!("there is no private key {which}"))),
    }
}

pub(crate) fn once(arguments: (CK_SESSION_HANDLE, &[u8], Output<'_>)) -> Result<()> {
    whole(arguments, false)
}

pub(crate) fn once_recover(arguments: (CK_SESSION_HANDLE, &[u8], Output<'_>)) -> Result<()> {
    whole(arguments, true)
}

fn whole((handle, data, out): (CK_SESSION_HANDLE, &[u8], Output<'_>), recovers: bool) -> Result<()> {
    let session = Module::current()?.session(handle)?;
    let mut active = session.active();
    let signing =
        active.signing.as_ref().filter(|signing| signing.recovers == recovers).ok_or_else(not_begun)?;
    if signing.in_parts {
        return Err(Error::new(CKR_OPERATION_ACTIVE, "C_SignFinal ends a signature in parts"));
    }
    let Some(out) = out.with_room(signing.size())? else { return Ok(()) };
    let mut signing = active.signing.take().ok_or_else(not_begun)?;
    signing.update(data)?;
    out.put(&signing.finish(&session.slot)?)
}

pub(crate) fn update((handle, part): (CK_SESSION_HANDLE, &[u8])) -> Result<()> {
    let session = Module::current()?.session(handle)?;
    let mut active = session.active();
    // An error ends the operation (§5.2).
    let mut signing = active.signing.take().ok_or_else(not_begun)?;
    signing.in_parts = true;
    signing.update(part)?;
    active.signing = Some(signing);
    Ok(())
}

pub(crate) fn end((handle, out): (CK_SESSION_HANDLE, Output<'_>)) -> Result<()> {
    let session = Module::current()?.session(handle)?;
    let mut active = session.active();
    let signing = active.signing.as_ref().ok_or_else(not_begun)?;
    let Some(out) = out.with_room(signing.size())? else { return Ok(()) };
    let signing = active.signing.take().ok_or_else(not_begun)?;
    out.put(&signing.finish(&session.slot)?)
}
