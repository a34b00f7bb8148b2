//! Slots, tokens and mechanisms.

use cryptoki_sys::*;

use super::{VERSION, text};
use crate::error::{Error, Result};
use crate::ffi::{Items, Slot as Place};
use crate::mechanism::table;
use crate::module::Module;
use crate::slot::{LONGEST_PIN, Slot};

pub(crate) fn list((present, places): (bool, Items<'_, CK_SLOT_ID>)) -> Result<()> {
    let module = Module::current()?;
    let slots = module.slots().iter().filter(|slot| !present || slot.is_present());
    places.put(&slots.map(|slot| slot.id()).collect::<Vec<_>>())
}

pub(crate) fn info((id, place): (CK_SLOT_ID, Place<'_, CK_SLOT_INFO>)) -> Result<()> {
    let module = Module::current()?;
    let slot = module.slot(id)?;
    let present = if slot.is_present() { CKF_TOKEN_PRESENT } else { 0 };
    place.put(CK_SLOT_INFO {
        slotDescription: text(&format!("TPM 2.0 key files: {}", slot.token().label())),
        manufacturerID: text(module.configuration.manufacturer()),
        // A key file can be deleted, or appear.
        flags: present | CKF_REMOVABLE_DEVICE | CKF_HW_SLOT,
        hardwareVersion: CK_VERSION { major: 2, minor: 0 },
        firmwareVersion: VERSION,
    });
    Ok(())
}

pub(crate) fn token_info((id, place): (CK_SLOT_ID, Place<'_, CK_TOKEN_INFO>)) -> Result<()> {
    let module = Module::current()?;
    let slot = module.slot(id)?;
    let contents = slot.contents()?;
    let (sessions, writing) = module.count_sessions(slot);
    place.put(CK_TOKEN_INFO {
        label: text(slot.token().label()),
        manufacturerID: text(module.configuration.manufacturer()),
        model: text("TPM 2.0"),
        // The key of a section may be unreadable at the moment, for example because the TPM is absent.
        serialNumber: text(&slot.token().serial(slot.tpm()).unwrap_or_default()),
        flags: flags(slot, contents.needs_password()),
        ulMaxSessionCount: CK_EFFECTIVELY_INFINITE,
        ulSessionCount: sessions,
        ulMaxRwSessionCount: CK_EFFECTIVELY_INFINITE,
        ulRwSessionCount: writing,
        ulMaxPinLen: LONGEST_PIN,
        ulMinPinLen: 1,
        ulTotalPublicMemory: CK_UNAVAILABLE_INFORMATION,
        ulFreePublicMemory: CK_UNAVAILABLE_INFORMATION,
        ulTotalPrivateMemory: CK_UNAVAILABLE_INFORMATION,
        ulFreePrivateMemory: CK_UNAVAILABLE_INFORMATION,
        hardwareVersion: CK_VERSION { major: 2, minor: 0 },
        firmwareVersion: VERSION,
        utcTime: [b'0'; 16],
    });
    Ok(())
}

/// A token whose keys have no password needs no login, and programs ask for no PIN. A folder accepts one: it becomes the password of
/// new keys.
fn flags(slot: &Slot, needs_password: bool) -> CK_FLAGS {
    let when = |set: bool, flags| if set { flags } else { 0 };
    let writable = slot.token().writable();
    CKF_RNG
        | CKF_TOKEN_INITIALIZED
        | when(needs_password, CKF_LOGIN_REQUIRED)
        | when(needs_password || writable, CKF_USER_PIN_INITIALIZED)
        | when(!writable, CKF_WRITE_PROTECTED)
        | slot.pin_flags()
}

/// Programs look for changes by C_GetSlotInfo.
pub(crate) fn wait((flags, _place): (CK_FLAGS, Place<'_, CK_SLOT_ID>)) -> Result<()> {
    Module::current()?;
    match flags & CKF_DONT_BLOCK {
        0 => Err(Error::new(CKR_FUNCTION_NOT_SUPPORTED, "this module does not wait for changes of files")),
        _ => Err(Error::new(CKR_NO_EVENT, "no change is reported")),
    }
}

pub(crate) fn mechanisms((id, places): (CK_SLOT_ID, Items<'_, CK_MECHANISM_TYPE>)) -> Result<()> {
    let module = Module::current()?;
    let writable = module.slot(id)?.token().writable();
    places.put(&table::of_token(writable).map(|row| row.mechanism).collect::<Vec<_>>())
}

pub(crate) fn mechanism_info(
    (id, mechanism, place): (CK_SLOT_ID, CK_MECHANISM_TYPE, Place<'_, CK_MECHANISM_INFO>),
) -> Result<()> {
    let module = Module::current()?;
    let writable = module.slot(id)?.token().writable();
    let row = table::of_token(writable).find(|row| row.mechanism == mechanism);
    place.put(row.ok_or_else(|| table::unknown(mechanism))?.info());
    Ok(())
}

pub(crate) fn set_pin((handle, old, new): (CK_SESSION_HANDLE, Option<&[u8]>, Option<&[u8]>)) -> Result<()> {
    let module = Module::current()?;
    let session = module.session(handle)?;
    session.check_writable()?;
    let (Some(old), Some(new)) = (old, new) else {
        return Err(Error::new(CKR_ARGUMENTS_BAD, "this module does not ask for a PIN itself"));
    };
    session.slot.set_pin(old, new)
}
