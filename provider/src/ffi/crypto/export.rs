//! Exports keys, whole or in part, and checks them.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use super::pkey::new_ctx;
use super::queue::succeed;
use super::{Pkey, Refused, Selection};
use crate::ffi::params::{Kind, Params};
use crate::ffi::sys::{OSSL_CALLBACK, OSSL_PARAM};

impl Pkey {
    /// Passes the selected parts to a callback of libcrypto (EVP_PKEY_export(3ossl)).
    ///
    /// # Errors
    /// The key lacks a selected part, or the callback refuses.
    ///
    /// # Safety
    /// `callback` and `argument` belong together, as a caller of a keymgmt's export passed them.
    pub(in crate::ffi) unsafe fn export(
        &self,
        selection: Selection,
        callback: OSSL_CALLBACK,
        argument: *mut c_void,
    ) -> Result<(), Refused> {
        // SAFETY: the key is alive, the callback valid by the contract of this function.
        let result =
            unsafe { (self.libcrypto().EVP_PKEY_export)(self.as_ptr(), selection.0, callback, argument) };
        succeed(result, "export the key")
    }

    /// Creates a key with the selected parts only.
    ///
    /// # Errors
    /// The key lacks a selected part.
    pub(crate) fn copy_selected(&self, algorithm: &CStr, selection: Selection) -> Result<Self, Refused> {
        let mut params = ptr::null_mut();
        // SAFETY: the key is alive. The returned array is ours (EVP_PKEY_todata(3ossl)).
        let result =
            unsafe { (self.libcrypto().EVP_PKEY_todata)(self.as_ptr(), selection.0, &raw mut params) };
        succeed(result, "read the parts of the key")?;
        // SAFETY: the array lives until it is freed below.
        let part =
            Self::from_params(self.context(), algorithm, selection, unsafe { Params::from_ptr(params) });
        // SAFETY: made by EVP_PKEY_todata, freed once.
        unsafe { (self.libcrypto().OSSL_PARAM_free)(params) };
        part
    }

    /// Returns true if the key has this parameter: a query without a buffer for the answer then gets a size
    /// or is refused.
    pub(crate) fn knows(&self, name: &'static CStr) -> bool {
        const UNTOUCHED: usize = usize::MAX;
        let kind = match name.to_bytes() {
            b"group" => Kind::Text,
            b"pub" => Kind::Bytes,
            _ => Kind::Unsigned,
        };
        let element = |key: *const c_char| OSSL_PARAM {
            key,
            data_type: kind.number(),
            data: ptr::null_mut(),
            data_size: 0,
            return_size: UNTOUCHED,
        };
        let mut params = [element(name.as_ptr()), element(ptr::null())];
        // SAFETY: the key is alive, the array ends with a NULL key.
        let result = self.quietly(|| unsafe {
            (self.libcrypto().EVP_PKEY_get_params)(self.as_ptr(), params.as_mut_ptr())
        });
        result != 1 || params.iter().any(|element| element.return_size != UNTOUCHED)
    }

    /// Checks the selected parts (EVP_PKEY_check(3ossl)).
    pub(crate) fn is_valid(&self, selection: Selection, quick: bool) -> bool {
        let Ok(ctx) = new_ctx(self) else { return false };
        let ctx = ctx.as_ptr();
        let private = selection.any(Selection::PRIVATE_KEY);
        let public = selection.any(Selection::PUBLIC_KEY);
        // SAFETY: the context is alive in this and the following calls.
        let parameters = || unsafe { (self.libcrypto().EVP_PKEY_param_check)(ctx) } == 1;
        let public_half = || match quick {
            // SAFETY: as above.
            true => unsafe { (self.libcrypto().EVP_PKEY_public_check_quick)(ctx) },
            // SAFETY: as above.
            false => unsafe { (self.libcrypto().EVP_PKEY_public_check)(ctx) },
        };
        // SAFETY: as above.
        let private_half = || unsafe { (self.libcrypto().EVP_PKEY_private_check)(ctx) } == 1;
        // SAFETY: as above.
        let pair = || unsafe { (self.libcrypto().EVP_PKEY_pairwise_check)(ctx) } == 1;
        (!selection.any(Selection::PARAMETERS) || parameters())
            && (!public || public_half() == 1)
            && (!private || private_half())
            && (!(private && public) || pair())
    }
}
