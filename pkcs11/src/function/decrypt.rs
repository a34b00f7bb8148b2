//! Decryption.

use cryptoki_sys::*;

use super::sign::private_key;
use crate::error::{Error, Result};
use crate::ffi::{MechanismArgument, Output};
use crate::module::Module;
use crate::operation::Decryption;
use crate::session::{Active, Session, in_progress, not_begun};

type Init<'a> = (CK_SESSION_HANDLE, Option<MechanismArgument<'a>>, CK_OBJECT_HANDLE);

pub(crate) fn init((handle, mechanism, which): Init<'_>) -> Result<()> {
    let module = Module::current()?;
    let session = module.session(handle)?;
    let Some(mechanism) = mechanism else {
        session.active().decryption = None;
        return Ok(());
    };
    let key = private_key(&module, &session, which)?;
    let mut active = session.active();
    if active.decryption.is_some() {
        return Err(in_progress());
    }
    active.decryption = Some(Decryption::new(key, &mechanism)?);
    Ok(())
}

pub(crate) fn once((handle, data, out): (CK_SESSION_HANDLE, &[u8], Output<'_>)) -> Result<()> {
    let session = Module::current()?.session(handle)?;
    let mut active = session.active();
    let decryption = active.decryption.as_mut().ok_or_else(not_begun)?;
    if decryption.in_parts {
        return Err(Error::new(CKR_OPERATION_ACTIVE, "C_DecryptFinal ends a decryption in parts"));
    }
    // After CKR_BUFFER_TOO_SMALL the same ciphertext comes again.
    if !out.is_query() && !decryption.is_decrypted() {
        if let Err(error) = decryption.update(data) {
            active.decryption = None;
            return Err(error);
        }
    }
    put(&session, &mut active, out)
}

/// The message comes at the end: it has a single padding. So the answer to a size query is no other than that to the part itself.
pub(crate) fn update((handle, part, out): (CK_SESSION_HANDLE, &[u8], Output<'_>)) -> Result<()> {
    let session = Module::current()?.session(handle)?;
    let mut active = session.active();
    let mut decryption = active.decryption.take().ok_or_else(not_begun)?;
    decryption.in_parts = true;
    decryption.update(part)?;
    active.decryption = Some(decryption);
    out.put(&[])
}

pub(crate) fn end((handle, out): (CK_SESSION_HANDLE, Output<'_>)) -> Result<()> {
    let session = Module::current()?.session(handle)?;
    put(&session, &mut session.active(), out)
}

/// Writes the message. The operation goes on if the caller only asks for the size, or has too little room.
fn put(session: &Session, active: &mut Active, out: Output<'_>) -> Result<()> {
    let mut decryption = active.decryption.take().ok_or_else(not_begun)?;
    let is_query = out.is_query();
    let done = match is_query && !decryption.is_decrypted() {
        // The message is not longer.
        true => out.with_room(decryption.size()).map(drop),
        false => out.put(decryption.message(&session.slot)?),
    };
    if is_query || done.is_err() {
        active.decryption = Some(decryption);
    }
    done
}
