//! The kinds of errors, and how they follow from response codes.

use crate::rc::ResponseCode;

/// The kind of an error, for programs that handle it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no TPM, or it is not reachable.
    NoTpm,
    /// The password of the key is wrong.
    Authorization,
    /// The key has a password, and none was given.
    PasswordMissing,
    /// After too many wrong passwords, the TPM refuses all passwords for some time.
    Lockout,
    /// The password of the parent or of the hierarchy is wrong.
    ParentAuthorization,
    /// The parent or the hierarchy has a password, and none was given.
    ParentPasswordMissing,
    /// Other programs use all object or session slots of the TPM.
    ObjectMemory,
    /// The policy of the key is not satisfied.
    Policy,
    /// This TPM, or this version of the program, does not support it.
    Unsupported,
    /// An answer is not authentic, or an object is not the expected one.
    Integrity,
    /// This process was forked from one whose TPM connection does not survive a fork.
    Forked,
    /// The connection to the TPM broke.
    Io,
    /// The TPM did not answer in time, or other operations kept it busy.
    Timeout,
    /// There is no object at the handle.
    NoObject,
    /// The NV index was never written.
    NotWritten,
    /// The TPM refused for another reason.
    Tpm,
    /// An argument is not valid.
    Input,
    /// A setting has an invalid value.
    Configuration,
}

pub(super) fn kind_of(code: ResponseCode) -> ErrorKind {
    match code.base() {
        ResponseCode::AUTH_FAIL | ResponseCode::BAD_AUTH => ErrorKind::Authorization,
        ResponseCode::LOCKOUT => ErrorKind::Lockout,
        ResponseCode::OBJECT_MEMORY
        | ResponseCode::OBJECT_HANDLES
        | ResponseCode::SESSION_MEMORY
        | ResponseCode::SESSION_HANDLES => ErrorKind::ObjectMemory,
        ResponseCode::POLICY
        | ResponseCode::POLICY_FAIL
        | ResponseCode::PCR_CHANGED
        | ResponseCode::POLICY_CC
        | ResponseCode::LOCALITY
        | ResponseCode::AUTH_UNAVAILABLE => ErrorKind::Policy,
        ResponseCode::COMMAND_CODE
        | ResponseCode::CURVE
        | ResponseCode::SCHEME
        | ResponseCode::HASH
        | ResponseCode::KEY_SIZE => ErrorKind::Unsupported,
        ResponseCode::HANDLE => ErrorKind::NoObject,
        ResponseCode::NV_UNINITIALIZED => ErrorKind::NotWritten,
        _ => ErrorKind::Tpm,
    }
}

pub(super) fn advice_on(code: ResponseCode) -> Option<&'static str> {
    match code.base() {
        ResponseCode::OBJECT_MEMORY | ResponseCode::OBJECT_HANDLES => {
            Some("use a resource manager (/dev/tpmrm0), or free the slots with tpm2_flushcontext -t")
        }
        ResponseCode::SESSION_MEMORY | ResponseCode::SESSION_HANDLES => Some(
            "use a resource manager (/dev/tpmrm0), or free the slots with tpm2_flushcontext -l and tpm2_flushcontext -s",
        ),
        ResponseCode::CONTEXT_GAP => {
            Some("restart the program that keeps the session; if it is this one, check session_keep")
        }
        ResponseCode::INITIALIZE => Some("restart the machine, or send TPM2_Startup (tpm2_startup -c)"),
        _ => None,
    }
}
