//! The functions that C calls: a line for each names its arguments, how they are converted, and the safe function.

use std::ffi::c_void;

use cryptoki_sys::*;

use super::argument::{
    Asked, AtMost, Attributes, Buffer, Bytes, Fill, InitializeArgs, List, Mechanism, OptionalBytes, Out,
};
use super::{guard, panic};
use crate::function::{decrypt, find, general, key, object, random, session, sign, slot};

macro_rules! entries {
    ($($name:ident($($argument:ident: $kind:ty),*) = $arguments:expr => $work:path;)*) => {
        $(
            #[allow(non_snake_case, reason = "the name of the specification")]
            pub(super) unsafe extern "C" fn $name($($argument: $kind),*) -> CK_RV {
                // SAFETY: the shared promise of `ffi`.
                unsafe { guard::call(stringify!($name), $arguments, $work) }
            }
        )*
    };
}

type Session = CK_SESSION_HANDLE;
type Pin = *mut CK_UTF8CHAR;
type Data = *mut CK_BYTE;
type Length = *mut CK_ULONG;

entries! {
    C_Finalize(reserved: *mut c_void) = OptionalBytes(reserved.cast(), 0) => general::finalize;
    C_GetInfo(info: *mut CK_INFO) = Out(info) => general::info;

    C_GetSlotList(present: CK_BBOOL, slots: *mut CK_SLOT_ID, count: Length) = (present, List(slots, count)) => slot::list;
    C_GetSlotInfo(id: CK_SLOT_ID, info: *mut CK_SLOT_INFO) = (id, Out(info)) => slot::info;
    C_GetTokenInfo(id: CK_SLOT_ID, info: *mut CK_TOKEN_INFO) = (id, Out(info)) => slot::token_info;
    C_WaitForSlotEvent(flags: CK_FLAGS, id: *mut CK_SLOT_ID, _reserved: *mut c_void) = (flags, Out(id)) => slot::wait;
    C_GetMechanismList(id: CK_SLOT_ID, list: *mut CK_MECHANISM_TYPE, count: Length) = (id, List(list, count)) => slot::mechanisms;
    C_GetMechanismInfo(id: CK_SLOT_ID, mechanism: CK_MECHANISM_TYPE, info: *mut CK_MECHANISM_INFO) =
        (id, mechanism, Out(info)) => slot::mechanism_info;
    C_SetPIN(handle: Session, old: Pin, old_length: CK_ULONG, new: Pin, new_length: CK_ULONG) =
        (handle, OptionalBytes(old, old_length), OptionalBytes(new, new_length)) => slot::set_pin;

    C_OpenSession(id: CK_SLOT_ID, flags: CK_FLAGS, _application: *mut c_void, _notify: CK_NOTIFY, handle: *mut Session) =
        (id, flags, Out(handle)) => session::open;
    C_CloseSession(handle: Session) = handle => session::close;
    C_CloseAllSessions(id: CK_SLOT_ID) = id => session::close_all;
    C_GetSessionInfo(handle: Session, info: *mut CK_SESSION_INFO) = (handle, Out(info)) => session::info;
    C_Login(handle: Session, user: CK_USER_TYPE, pin: Pin, length: CK_ULONG) =
        (handle, user, OptionalBytes(pin, length)) => session::login;
    C_LoginUser(handle: Session, user: CK_USER_TYPE, pin: Pin, length: CK_ULONG, name: Pin, name_length: CK_ULONG) =
        (handle, user, OptionalBytes(pin, length), OptionalBytes(name, name_length)) => session::login_user;
    C_Logout(handle: Session) = handle => session::logout;
    C_SessionCancel(handle: Session, flags: CK_FLAGS) = (handle, flags) => session::cancel;

    C_CreateObject(handle: Session, template: *mut CK_ATTRIBUTE, count: CK_ULONG, made: *mut CK_OBJECT_HANDLE) =
        (handle, Attributes(template, count), Out(made)) => object::create;
    C_DestroyObject(handle: Session, which: CK_OBJECT_HANDLE) = (handle, which) => object::destroy;
    C_GetObjectSize(handle: Session, which: CK_OBJECT_HANDLE, size: Length) = (handle, which, Out(size)) => object::size;
    C_GetAttributeValue(handle: Session, which: CK_OBJECT_HANDLE, template: *mut CK_ATTRIBUTE, count: CK_ULONG) =
        (handle, which, Asked(template, count)) => object::attributes;
    C_SetAttributeValue(handle: Session, which: CK_OBJECT_HANDLE, template: *mut CK_ATTRIBUTE, count: CK_ULONG) =
        (handle, which, Attributes(template, count)) => object::set_attributes;
    C_FindObjectsInit(handle: Session, template: *mut CK_ATTRIBUTE, count: CK_ULONG) =
        (handle, Attributes(template, count)) => find::init;
    C_FindObjects(handle: Session, found: *mut CK_OBJECT_HANDLE, most: CK_ULONG, count: Length) =
        (handle, AtMost(found, most, count)) => find::next;
    C_FindObjectsFinal(handle: Session) = handle => find::end;

    C_DecryptInit(handle: Session, mechanism: *mut CK_MECHANISM, which: CK_OBJECT_HANDLE) =
        (handle, Mechanism(mechanism), which) => decrypt::init;
    C_Decrypt(handle: Session, data: Data, length: CK_ULONG, out: Data, out_length: Length) =
        (handle, Bytes(data, length), Buffer(out, out_length)) => decrypt::once;
    C_DecryptUpdate(handle: Session, data: Data, length: CK_ULONG, out: Data, out_length: Length) =
        (handle, Bytes(data, length), Buffer(out, out_length)) => decrypt::update;
    C_DecryptFinal(handle: Session, out: Data, out_length: Length) = (handle, Buffer(out, out_length)) => decrypt::end;

    C_SignInit(handle: Session, mechanism: *mut CK_MECHANISM, which: CK_OBJECT_HANDLE) =
        (handle, Mechanism(mechanism), which) => sign::init;
    C_Sign(handle: Session, data: Data, length: CK_ULONG, out: Data, out_length: Length) =
        (handle, Bytes(data, length), Buffer(out, out_length)) => sign::once;
    C_SignUpdate(handle: Session, data: Data, length: CK_ULONG) = (handle, Bytes(data, length)) => sign::update;
    C_SignFinal(handle: Session, out: Data, out_length: Length) = (handle, Buffer(out, out_length)) => sign::end;
    C_SignRecoverInit(handle: Session, mechanism: *mut CK_MECHANISM, which: CK_OBJECT_HANDLE) =
        (handle, Mechanism(mechanism), which) => sign::init_recover;
    C_SignRecover(handle: Session, data: Data, length: CK_ULONG, out: Data, out_length: Length) =
        (handle, Bytes(data, length), Buffer(out, out_length)) => sign::once_recover;

    C_GenerateKeyPair(
        handle: Session, mechanism: *mut CK_MECHANISM, public: *mut CK_ATTRIBUTE, public_count: CK_ULONG,
        private: *mut CK_ATTRIBUTE, private_count: CK_ULONG, public_key: *mut CK_OBJECT_HANDLE, private_key: *mut CK_OBJECT_HANDLE
    ) = (
        handle, Mechanism(mechanism), Attributes(public, public_count), Attributes(private, private_count), Out(public_key), Out(private_key)
    ) => key::generate_pair;
    C_DeriveKey(
        handle: Session, mechanism: *mut CK_MECHANISM, which: CK_OBJECT_HANDLE, template: *mut CK_ATTRIBUTE, count: CK_ULONG,
        derived: *mut CK_OBJECT_HANDLE
    ) = (handle, Mechanism(mechanism), which, Attributes(template, count), Out(derived)) => key::derive;

    C_SeedRandom(handle: Session, seed: Data, length: CK_ULONG) = (handle, Bytes(seed, length)) => random::seed;
    C_GenerateRandom(handle: Session, out: Data, length: CK_ULONG) = (handle, Fill(out, length)) => random::generate;
    C_GetFunctionStatus(handle: Session) = handle => session::not_parallel;
    C_CancelFunction(handle: Session) = handle => session::not_parallel;
}

/// The panic hook is set before anything else of this module runs.
#[allow(non_snake_case, reason = "the name of the specification")]
pub(super) unsafe extern "C" fn C_Initialize(arguments: *mut c_void) -> CK_RV {
    panic::silence();
    // SAFETY: the shared promise of `ffi`.
    unsafe { guard::call("C_Initialize", InitializeArgs(arguments), general::initialize) }
}
