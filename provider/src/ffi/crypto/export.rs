//! Giving keys away: whole, by callback, as a keymgmt's export does, and checking them.

use std::ffi::c_void;

use foreign_types::ForeignType;

use super::pkey::new_ctx;
use super::queue::succeed;
use super::sys::{self, Callback};
use super::{Pkey, Refused, Selection};

impl Pkey {
    /// Hands the selected parts to a callback of libcrypto (EVP_PKEY_export(3ossl)).
    ///
    /// # Errors
    /// The key has not what is selected, or the callback refuses.
    ///
    /// # Safety
    /// `callback` and `argument` belong together, as a caller of a keymgmt's export passed them.
    pub(in crate::ffi) unsafe fn export(
        &self,
        selection: Selection,
        callback: Option<Callback>,
        argument: *mut c_void,
    ) -> Result<(), Refused> {
        // SAFETY: the key is alive, the callback valid by the contract of this function.
        let result = unsafe { sys::EVP_PKEY_export(self.as_ptr(), selection.0, callback, argument) };
        succeed(result, "export the key")
    }

    /// Checks the selected parts (EVP_PKEY_check(3ossl)).
    pub(crate) fn is_valid(&self, selection: Selection, quick: bool) -> bool {
        let Ok(ctx) = new_ctx(self) else { return false };
        let ctx = ctx.as_ptr();
        let private = selection.any(Selection::PRIVATE_KEY);
        let public = selection.any(Selection::PUBLIC_KEY);
        // SAFETY: the context is alive in this and the following calls.
        let parameters = || unsafe { openssl_sys::EVP_PKEY_param_check(ctx) } == 1;
        let public_half = || match quick {
            // SAFETY: as above.
            true => unsafe { sys::EVP_PKEY_public_check_quick(ctx) },
            // SAFETY: as above.
            false => unsafe { openssl_sys::EVP_PKEY_public_check(ctx) },
        };
        // SAFETY: as above.
        let private_half = || unsafe { sys::EVP_PKEY_private_check(ctx) } == 1;
        // SAFETY: as above.
        let pair = || unsafe { sys::EVP_PKEY_pairwise_check(ctx) } == 1;
        (!selection.any(Selection::PARAMETERS) || parameters())
            && (!public || public_half() == 1)
            && (!private || private_half())
            && (!(private && public) || pair())
    }
}
