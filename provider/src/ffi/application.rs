//! The application's library context, as a child context shows it: OpenSSL mirrors in it which providers the application has loaded.
//!
//! The context itself is not ours to touch: the library that called may be another copy of libcrypto (provider-base(7),
//! core_get_libctx). Nothing runs in the child; it answers questions.

use std::ffi::CStr;
use std::sync::Arc;

use super::crypto::{Owned, Refused};
use super::libcrypto::{Children, Libcrypto};
use super::sys::{OPENSSL_CORE_CTX, OSSL_CORE_HANDLE, OSSL_DISPATCH, OSSL_LIB_CTX};
use super::upcalls::Upcalls;

/// Matches no row of this provider.
const OTHERS: &CStr = c"provider!=tpm2,tpm2.software!=yes";

/// The child context.
pub(crate) struct Application {
    context: Owned<OSSL_LIB_CTX>,
    /// True if the application uses the default context of the process.
    is_default: bool,
    children: Children,
    libcrypto: Arc<Libcrypto>,
}

impl Application {
    /// Makes the child context.
    ///
    /// # Errors
    /// OpenSSL cannot make it.
    ///
    /// # Safety
    /// The arguments are those of OSSL_provider_init, called by this libcrypto.
    pub(super) unsafe fn new(
        libcrypto: &Arc<Libcrypto>,
        handle: *const OSSL_CORE_HANDLE,
        dispatch: *const OSSL_DISPATCH,
        upcalls: &Upcalls,
    ) -> Result<Self, Refused> {
        let children = libcrypto.children?;
        // SAFETY: promised by the caller (OSSL_LIB_CTX_new_child(3ossl)).
        let child = unsafe { (children.OSSL_LIB_CTX_new_child)(handle, dispatch) };
        let what = "list the providers of the application";
        // SAFETY: NULL or ours.
        let context = unsafe { Owned::new(child, libcrypto.OSSL_LIB_CTX_free, what) }?;
        // SAFETY: the handle is the core's.
        let own = upcalls.core_get_libctx.map(|get| unsafe { get(handle) });
        // SAFETY: OSSL_LIB_CTX(3ossl): it has no preconditions. The pointers are compared, and nothing else.
        let default = libcrypto.fips.ok().map(|fips| unsafe { (fips.OSSL_LIB_CTX_get0_global_default)() });
        let is_default = own.is_some() && own.map(<*mut OPENSSL_CORE_CTX>::cast) == default;
        Ok(Self { context, is_default, children, libcrypto: Arc::clone(libcrypto) })
    }

    /// Returns true if the application's default property query is `fips=yes`. `?fips=yes` is a wish, and demands nothing.
    ///
    /// False in a context of the application's own making: to ask there would load openssl.cnf into the default one, which a fetch in
    /// that one has done by then.
    pub(crate) fn demands_fips(&self) -> bool {
        let Some(fips) = self.libcrypto.fips.ok().filter(|_| self.is_default) else { return false };
        // SAFETY: the context is alive; OpenSSL keeps its default properties equal to those of the application.
        unsafe { (fips.EVP_default_properties_is_fips_enabled)(self.context.as_ptr()) == 1 }
    }

    /// Returns true if a provider other than this one has key management of this name at this moment.
    pub(crate) fn others_manage(&self, algorithm: &CStr) -> bool {
        let Children { EVP_KEYMGMT_fetch, EVP_KEYMGMT_free, .. } = self.children;
        self.libcrypto.quietly(|| {
            // SAFETY: the context is alive, the strings end with NUL.
            let found =
                unsafe { EVP_KEYMGMT_fetch(self.context.as_ptr(), algorithm.as_ptr(), OTHERS.as_ptr()) };
            // SAFETY: NULL or a reference of our own, freed once.
            unsafe { EVP_KEYMGMT_free(found) };
            !found.is_null()
        })
    }
}
