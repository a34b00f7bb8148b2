//! The application's library context, as a child context shows it: OpenSSL mirrors in it which providers the application has loaded.
//!
//! The context itself is not ours to touch: the library that called may be another copy of libcrypto (provider-base(7),
//! core_get_libctx). Nothing runs in the child; it answers questions.

use std::ffi::CStr;
use std::ptr::NonNull;

use openssl_sys::{OSSL_LIB_CTX, OSSL_LIB_CTX_free};

use super::crypto::{Refused, quietly};
use super::sys::{self, OSSL_CORE_HANDLE, OSSL_DISPATCH};

/// Matches no row of this provider.
const OTHERS: &CStr = c"provider!=tpm2,tpm2.software!=yes";

/// The child context.
pub(crate) struct Application(NonNull<OSSL_LIB_CTX>);

// SAFETY: libcrypto locks a library context itself (openssl-threads(7)).
unsafe impl Send for Application {}
// SAFETY: as above.
unsafe impl Sync for Application {}

impl Application {
    /// Makes the child context.
    ///
    /// # Errors
    /// OpenSSL cannot make it.
    ///
    /// # Safety
    /// The arguments are those of OSSL_provider_init.
    pub(super) unsafe fn new(
        handle: *const OSSL_CORE_HANDLE,
        dispatch: *const OSSL_DISPATCH,
    ) -> Result<Self, Refused> {
        // SAFETY: promised by the caller (OSSL_LIB_CTX_new_child(3ossl)).
        let child = unsafe { sys::OSSL_LIB_CTX_new_child(handle, dispatch) };
        NonNull::new(child).map(Self).ok_or(Refused("list the providers of the application"))
    }

    /// Returns true if a provider other than this one has key management of this name at this moment.
    pub(crate) fn others_manage(&self, algorithm: &CStr) -> bool {
        quietly(|| {
            // SAFETY: the context is alive, the strings end with NUL.
            let found =
                unsafe { sys::EVP_KEYMGMT_fetch(self.0.as_ptr(), algorithm.as_ptr(), OTHERS.as_ptr()) };
            // SAFETY: NULL or a reference of our own, freed once.
            unsafe { sys::EVP_KEYMGMT_free(found) };
            !found.is_null()
        })
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        // SAFETY: owned, freed once.
        unsafe { OSSL_LIB_CTX_free(self.0.as_ptr()) };
    }
}
