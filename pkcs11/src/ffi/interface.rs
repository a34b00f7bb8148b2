//! The function lists and interfaces: PKCS#11 3.0 and 2.40 (§5.4.4 to §5.4.6 of PKCS#11 3.0).

use std::ffi::CStr;

use cryptoki_sys::*;

use super::argument::{Argument, List, Out};
use super::unsupported::Unsupported;
use super::{entry, guard, panic};
use crate::error::{Error, Result};

/// The name of the interface of the standard.
const NAME: &CStr = c"PKCS 11";

const V2: CK_VERSION = CK_VERSION { major: 2, minor: 40 };
const V3: CK_VERSION = CK_VERSION { major: 3, minor: 0 };

/// Both function lists begin with the same functions.
macro_rules! function_list {
    ($list:ident, $version:expr $(, $name:ident: $function:expr)*) => {
        $list {
            version: $version,
            C_Initialize: Some(entry::C_Initialize),
            C_Finalize: Some(entry::C_Finalize),
            C_GetInfo: Some(entry::C_GetInfo),
            C_GetFunctionList: Some(C_GetFunctionList),
            C_GetSlotList: Some(entry::C_GetSlotList),
            C_GetSlotInfo: Some(entry::C_GetSlotInfo),
            C_GetTokenInfo: Some(entry::C_GetTokenInfo),
            C_GetMechanismList: Some(entry::C_GetMechanismList),
            C_GetMechanismInfo: Some(entry::C_GetMechanismInfo),
            C_InitToken: Unsupported::UNSUPPORTED,
            C_InitPIN: Unsupported::UNSUPPORTED,
            C_SetPIN: Some(entry::C_SetPIN),
            C_OpenSession: Some(entry::C_OpenSession),
            C_CloseSession: Some(entry::C_CloseSession),
            C_CloseAllSessions: Some(entry::C_CloseAllSessions),
            C_GetSessionInfo: Some(entry::C_GetSessionInfo),
            C_GetOperationState: Unsupported::UNSUPPORTED,
            C_SetOperationState: Unsupported::UNSUPPORTED,
            C_Login: Some(entry::C_Login),
            C_Logout: Some(entry::C_Logout),
            C_CreateObject: Some(entry::C_CreateObject),
            C_CopyObject: Unsupported::UNSUPPORTED,
            C_DestroyObject: Some(entry::C_DestroyObject),
            C_GetObjectSize: Some(entry::C_GetObjectSize),
            C_GetAttributeValue: Some(entry::C_GetAttributeValue),
            C_SetAttributeValue: Some(entry::C_SetAttributeValue),
            C_FindObjectsInit: Some(entry::C_FindObjectsInit),
            C_FindObjects: Some(entry::C_FindObjects),
            C_FindObjectsFinal: Some(entry::C_FindObjectsFinal),
            C_EncryptInit: Unsupported::UNSUPPORTED,
            C_Encrypt: Unsupported::UNSUPPORTED,
            C_EncryptUpdate: Unsupported::UNSUPPORTED,
            C_EncryptFinal: Unsupported::UNSUPPORTED,
            C_DecryptInit: Some(entry::C_DecryptInit),
            C_Decrypt: Some(entry::C_Decrypt),
            C_DecryptUpdate: Some(entry::C_DecryptUpdate),
            C_DecryptFinal: Some(entry::C_DecryptFinal),
            C_DigestInit: Unsupported::UNSUPPORTED,
            C_Digest: Unsupported::UNSUPPORTED,
            C_DigestUpdate: Unsupported::UNSUPPORTED,
            C_DigestKey: Unsupported::UNSUPPORTED,
            C_DigestFinal: Unsupported::UNSUPPORTED,
            C_SignInit: Some(entry::C_SignInit),
            C_Sign: Some(entry::C_Sign),
            C_SignUpdate: Some(entry::C_SignUpdate),
            C_SignFinal: Some(entry::C_SignFinal),
            C_SignRecoverInit: Some(entry::C_SignRecoverInit),
            C_SignRecover: Some(entry::C_SignRecover),
            C_VerifyInit: Unsupported::UNSUPPORTED,
            C_Verify: Unsupported::UNSUPPORTED,
            C_VerifyUpdate: Unsupported::UNSUPPORTED,
            C_VerifyFinal: Unsupported::UNSUPPORTED,
            C_VerifyRecoverInit: Unsupported::UNSUPPORTED,
            C_VerifyRecover: Unsupported::UNSUPPORTED,
            C_DigestEncryptUpdate: Unsupported::UNSUPPORTED,
            C_DecryptDigestUpdate: Unsupported::UNSUPPORTED,
            C_SignEncryptUpdate: Unsupported::UNSUPPORTED,
            C_DecryptVerifyUpdate: Unsupported::UNSUPPORTED,
            C_GenerateKey: Unsupported::UNSUPPORTED,
            C_GenerateKeyPair: Some(entry::C_GenerateKeyPair),
            C_WrapKey: Unsupported::UNSUPPORTED,
            C_UnwrapKey: Unsupported::UNSUPPORTED,
            C_DeriveKey: Some(entry::C_DeriveKey),
            C_SeedRandom: Some(entry::C_SeedRandom),
            C_GenerateRandom: Some(entry::C_GenerateRandom),
            C_GetFunctionStatus: Some(entry::C_GetFunctionStatus),
            C_CancelFunction: Some(entry::C_CancelFunction),
            C_WaitForSlotEvent: Some(entry::C_WaitForSlotEvent),
            $($name: $function,)*
        }
    };
}

static LIST_2: CK_FUNCTION_LIST = function_list!(CK_FUNCTION_LIST, V2);

static LIST_3: CK_FUNCTION_LIST_3_0 = function_list!(
    CK_FUNCTION_LIST_3_0,
    V3,
    C_GetInterfaceList: Some(C_GetInterfaceList),
    C_GetInterface: Some(C_GetInterface),
    C_LoginUser: Some(entry::C_LoginUser),
    C_SessionCancel: Some(entry::C_SessionCancel),
    C_MessageEncryptInit: Unsupported::UNSUPPORTED,
    C_EncryptMessage: Unsupported::UNSUPPORTED,
    C_EncryptMessageBegin: Unsupported::UNSUPPORTED,
    C_EncryptMessageNext: Unsupported::UNSUPPORTED,
    C_MessageEncryptFinal: Unsupported::UNSUPPORTED,
    C_MessageDecryptInit: Unsupported::UNSUPPORTED,
    C_DecryptMessage: Unsupported::UNSUPPORTED,
    C_DecryptMessageBegin: Unsupported::UNSUPPORTED,
    C_DecryptMessageNext: Unsupported::UNSUPPORTED,
    C_MessageDecryptFinal: Unsupported::UNSUPPORTED,
    C_MessageSignInit: Unsupported::UNSUPPORTED,
    C_SignMessage: Unsupported::UNSUPPORTED,
    C_SignMessageBegin: Unsupported::UNSUPPORTED,
    C_SignMessageNext: Unsupported::UNSUPPORTED,
    C_MessageSignFinal: Unsupported::UNSUPPORTED,
    C_MessageVerifyInit: Unsupported::UNSUPPORTED,
    C_VerifyMessage: Unsupported::UNSUPPORTED,
    C_VerifyMessageBegin: Unsupported::UNSUPPORTED,
    C_VerifyMessageNext: Unsupported::UNSUPPORTED,
    C_MessageVerifyFinal: Unsupported::UNSUPPORTED
);

/// An interface, which lives as long as the module.
struct Interface(CK_INTERFACE);

// SAFETY: it points to constants only.
unsafe impl Sync for Interface {}

const fn interface(list: *const std::ffi::c_void) -> Interface {
    // The type of the bindings is not const; programs only read it (§5.4.5).
    let (name, list) = (NAME.as_ptr().cast_mut().cast(), list.cast_mut());
    Interface(CK_INTERFACE { pInterfaceName: name, pFunctionList: list, flags: 0 })
}

/// The first one is the default.
static INTERFACES: [(CK_VERSION, Interface); 2] =
    [(V3, interface((&raw const LIST_3).cast())), (V2, interface((&raw const LIST_2).cast()))];

/// Returns the function list of PKCS#11 2.40.
///
/// # Safety
/// `list` is NULL or valid for a pointer.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the name of the specification")]
pub(super) unsafe extern "C" fn C_GetFunctionList(list: *mut *mut CK_FUNCTION_LIST) -> CK_RV {
    panic::silence();
    // SAFETY: promised by the caller.
    unsafe {
        guard::call("C_GetFunctionList", Out(list), |place| {
            place.put((&raw const LIST_2).cast_mut());
            Ok(())
        })
    }
}

/// Lists the interfaces.
///
/// # Safety
/// The pointers are NULL or valid, `list` for the number of interfaces in `count`.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the name of the specification")]
pub(super) unsafe extern "C" fn C_GetInterfaceList(list: *mut CK_INTERFACE, count: *mut CK_ULONG) -> CK_RV {
    panic::silence();
    // SAFETY: promised by the caller.
    unsafe {
        guard::call("C_GetInterfaceList", List(list, count), |places| {
            places.put(&INTERFACES.each_ref().map(|(_, interface)| interface.0))
        })
    }
}

/// Returns an interface by name, version and flags; NULL stands for any name or version. A forked child must call C_Initialize, so
/// CKF_INTERFACE_FORK_SAFE is not offered.
///
/// # Safety
/// The pointers are NULL or valid; `name` is a string that ends with a zero byte.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the name of the specification")]
pub(super) unsafe extern "C" fn C_GetInterface(
    name: *mut CK_UTF8CHAR,
    version: *mut CK_VERSION,
    place: *mut *mut CK_INTERFACE,
    flags: CK_FLAGS,
) -> CK_RV {
    panic::silence();
    // SAFETY: promised by the caller.
    unsafe {
        guard::call("C_GetInterface", (Wanted(name, version), Out(place), flags), |(wanted, place, flags)| {
            place.put((&raw const find(wanted, flags)?.0).cast_mut());
            Ok(())
        })
    }
}

/// The name and version of an interface.
struct Wanted(*mut CK_UTF8CHAR, *mut CK_VERSION);

impl Argument for Wanted {
    type Converted<'a> = (Option<&'a CStr>, Option<CK_VERSION>);
    unsafe fn convert<'a>(self) -> Result<Self::Converted<'a>> {
        // SAFETY: promised by the caller.
        let name = (!self.0.is_null()).then(|| unsafe { CStr::from_ptr(self.0.cast()) });
        // SAFETY: promised by the caller.
        Ok((name, unsafe { self.1.as_ref() }.copied()))
    }
}

fn find((name, version): (Option<&CStr>, Option<CK_VERSION>), flags: CK_FLAGS) -> Result<&'static Interface> {
    let same =
        |this: &CK_VERSION| version.is_none_or(|that| (that.major, that.minor) == (this.major, this.minor));
    INTERFACES
        .iter()
        .find(|(version, _)| flags == 0 && name.is_none_or(|name| name == NAME) && same(version))
        .map(|(_, interface)| interface)
        .ok_or_else(|| Error::new(CKR_FUNCTION_FAILED, "this module has no such interface"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_is_found_by_name_version_and_flags() {
        let version = |(name, version), flags| {
            find((name, version), flags).ok().map(|found| {
                // SAFETY: every function list begins with its version.
                unsafe { found.0.pFunctionList.cast::<CK_VERSION>().read() }
            })
        };
        let numbers = |version: CK_VERSION| (version.major, version.minor);
        assert_eq!(version((None, None), 0).map(numbers), Some((3, 0)));
        assert_eq!(version((Some(NAME), Some(V2)), 0).map(numbers), Some((2, 40)));
        for (wanted, flags) in [
            ((Some(c"Vendor NSS FIPS Interface"), None), 0),
            ((None, Some(CK_VERSION { major: 3, minor: 2 })), 0),
            ((None, None), CKF_INTERFACE_FORK_SAFE),
        ] {
            assert!(version(wanted, flags).is_none());
        }
    }

    #[test]
    fn unsupported_functions_have_an_answer() {
        let function = LIST_2.C_InitToken.unwrap();
        // SAFETY: it looks at no argument.
        let code = unsafe { function(0, std::ptr::null_mut(), 0, std::ptr::null_mut()) };
        assert_eq!(code, CKR_FUNCTION_NOT_SUPPORTED);
    }
}
