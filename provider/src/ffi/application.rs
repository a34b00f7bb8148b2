//! The application's library context, seen through a child context. OpenSSL mirrors in the child which
//! providers the application has loaded.
//!
//! No operation runs in the child; it only answers questions. OpenSSL does not mirror one provider in it: the
//! default provider, if the application uses it without loading it (OSSL_PROVIDER_try_load(3ossl),
//! `retain_fallbacks`). So this file asks the application's context itself for that one.

use std::cell::Cell;
use std::ffi::CStr;
use std::ptr::NonNull;
use std::sync::Arc;

use super::crypto::{Owned, Refused, active};
use super::init;
use super::libcrypto::{Children, Libcrypto};
use super::sys::{
    self, OPENSSL_CORE_CTX, OSSL_ALGORITHM, OSSL_CORE_HANDLE, OSSL_DISPATCH, OSSL_LIB_CTX, OSSL_PROVIDER,
};
use super::upcalls::Upcalls;

/// A query that matches no row of this provider.
const OTHERS: &CStr = c"provider!=tpm2,tpm2.software!=yes";

/// The application's context itself, not the child.
#[derive(Clone, Copy)]
struct Own(NonNull<OSSL_LIB_CTX>);

// SAFETY: OpenSSL's threads share library contexts (OSSL_LIB_CTX(3ossl)).
unsafe impl Send for Own {}
// SAFETY: as above.
unsafe impl Sync for Own {}

/// The child context.
pub(crate) struct Application {
    context: Owned<OSSL_LIB_CTX>,
    own: Option<Own>,
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
        let own = own.map(<*mut OPENSSL_CORE_CTX>::cast::<OSSL_LIB_CTX>);
        // SAFETY: OSSL_LIB_CTX(3ossl): it has no preconditions.
        let default = libcrypto.fips.ok().map(|fips| unsafe { (fips.OSSL_LIB_CTX_get0_global_default)() });
        // OpenSSL keeps the context as the program gave it: NULL is the default context.
        let own = own.and_then(|own| if own.is_null() { default } else { Some(own) });
        let is_default = own.is_some() && own == default;
        let own = own.and_then(NonNull::new).map(Own);
        Ok(Self { context, own, is_default, children, libcrypto: Arc::clone(libcrypto) })
    }

    /// Returns true if the application has the default provider, loaded by the application or by OpenSSL.
    fn has_default(&self) -> bool {
        let Some(Own(context)) = self.own else { return false };
        // SAFETY: this libcrypto made the context, which outlives its providers; the string ends with NUL.
        unsafe { (self.children.OSSL_PROVIDER_available)(context.as_ptr(), c"default".as_ptr()) == 1 }
    }

    /// Returns true if the application's default property query is `fips=yes`. `?fips=yes` is only a
    /// preference and demands nothing.
    ///
    /// Returns false in a context that the application created: the question would load openssl.cnf into the
    /// default context. A fetch in the default context has already loaded it.
    pub(crate) fn demands_fips(&self) -> bool {
        let Some(fips) = self.libcrypto.fips.ok().filter(|_| self.is_default) else { return false };
        // SAFETY: the context is alive; OpenSSL keeps its default properties equal to those of the application.
        unsafe { (fips.EVP_default_properties_is_fips_enabled)(self.context.as_ptr()) == 1 }
    }

    /// Returns true if another provider has key management of this name at this moment.
    pub(crate) fn another_manages(&self, algorithm: &CStr) -> bool {
        let Children { EVP_KEYMGMT_fetch, EVP_KEYMGMT_free, .. } = self.children;
        if self.has_default() {
            return true;
        }
        self.libcrypto.quietly(|| {
            // SAFETY: the context is alive, the strings end with NUL.
            let found =
                unsafe { EVP_KEYMGMT_fetch(self.context.as_ptr(), algorithm.as_ptr(), OTHERS.as_ptr()) };
            // SAFETY: NULL or a reference of our own, freed once.
            unsafe { EVP_KEYMGMT_free(found) };
            !found.is_null()
        })
    }

    /// Returns true if another provider has a random generator of this name at this moment.
    ///
    /// Call it only during a fetch of the application. It fetches nothing itself, because a fetch would ask
    /// this provider again.
    pub(crate) fn another_generates(&self, generator: &CStr) -> bool {
        thread_local! {
            /// It has no destructor, so the module may be unloaded.
            static ASKING: Cell<bool> = const { Cell::new(false) };
        }
        /// Clears the mark, even after a panic.
        struct Asking;
        impl Drop for Asking {
            fn drop(&mut self) {
                ASKING.set(false);
            }
        }
        // A second copy of this module may ask this one back.
        if ASKING.replace(true) {
            return true;
        }
        let _asking = Asking;
        if self.has_default() {
            return true;
        }
        // SAFETY: the context is alive.
        let providers = unsafe { active(&self.libcrypto, self.context.as_ptr()) };
        providers.into_iter().any(|provider| self.generates(provider, generator))
    }

    fn generates(&self, provider: NonNull<OSSL_PROVIDER>, generator: &CStr) -> bool {
        let Children { OSSL_PROVIDER_query_operation, OSSL_PROVIDER_unquery_operation, .. } = self.children;
        let provider = provider.as_ptr();
        // SAFETY: the provider is alive.
        if init::is_ours(unsafe { (self.libcrypto.OSSL_PROVIDER_get0_dispatch)(provider) }) {
            return false;
        }
        let mut no_store = 0;
        // SAFETY: the provider is alive.
        let rows = unsafe { OSSL_PROVIDER_query_operation(provider, sys::OSSL_OP_RAND, &raw mut no_store) };
        // SAFETY: rows of a provider, alive until they are given back below.
        let found = unsafe { has(rows, generator) };
        // SAFETY: the rows came from this provider.
        unsafe { OSSL_PROVIDER_unquery_operation(provider, sys::OSSL_OP_RAND, rows) };
        found
    }
}

/// Returns true if one of the rows has this name.
///
/// # Safety
/// `rows` is NULL or an array as OSSL_ALGORITHM(3ossl) describes it.
unsafe fn has(mut rows: *const OSSL_ALGORITHM, name: &CStr) -> bool {
    // SAFETY: promised by the caller: NULL, or a row, of which the last has no names.
    while let Some(row) = unsafe { rows.as_ref() }.filter(|row| !row.algorithm_names.is_null()) {
        // SAFETY: names separated by colons, which end with NUL.
        let names = unsafe { CStr::from_ptr(row.algorithm_names) }.to_bytes();
        if names.split(|byte| *byte == b':').any(|found| found.eq_ignore_ascii_case(name.to_bytes())) {
            return true;
        }
        rows = rows.wrapping_add(1);
    }
    false
}
