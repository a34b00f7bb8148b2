//! The private context: a library context of our own with the default (or fips) provider and nothing else.

use std::ffi::CStr;
use std::ptr::NonNull;

use openssl_sys::{OSSL_LIB_CTX, OSSL_LIB_CTX_free, OSSL_PROVIDER, OSSL_PROVIDER_load, OSSL_PROVIDER_unload};

use super::Refused;

/// The context; everything made in it keeps it alive by `Arc`.
pub(crate) struct PrivateContext {
    /// Unloaded before the context goes.
    provider: NonNull<OSSL_PROVIDER>,
    context: Owned,
}

// SAFETY: both pointers are to objects that libcrypto locks itself (openssl-threads(7)).
unsafe impl Send for PrivateContext {}
// SAFETY: as above.
unsafe impl Sync for PrivateContext {}

impl PrivateContext {
    /// Takes over a fresh context and loads the provider that does the software work into it.
    ///
    /// # Errors
    /// The context is NULL, or the provider does not load.
    ///
    /// # Safety
    /// `context` is NULL or from OSSL_LIB_CTX_new_from_dispatch, and belongs to the caller.
    pub(in crate::ffi) unsafe fn from_raw(
        context: *mut OSSL_LIB_CTX,
        provider: &CStr,
    ) -> Result<Self, Refused> {
        let context = Owned(NonNull::new(context).ok_or(Refused("make a library context"))?);
        // SAFETY: the context is alive, the name ends with NUL.
        let provider = unsafe { OSSL_PROVIDER_load(context.0.as_ptr(), provider.as_ptr()) };
        let provider = NonNull::new(provider).ok_or(Refused("load the provider for software operations"))?;
        Ok(Self { provider, context })
    }

    /// The pointer for libcrypto.
    pub(in crate::ffi) fn as_ptr(&self) -> *mut OSSL_LIB_CTX {
        self.context.0.as_ptr()
    }

    /// The provider that does the software work.
    pub(in crate::ffi) fn provider(&self) -> *mut OSSL_PROVIDER {
        self.provider.as_ptr()
    }

    /// A context for unit tests, which have no core.
    #[cfg(test)]
    pub(crate) fn for_tests() -> std::sync::Arc<Self> {
        // SAFETY: OSSL_LIB_CTX_new(3ossl) has no preconditions.
        let context = unsafe { openssl_sys::OSSL_LIB_CTX_new() };
        // SAFETY: the context is fresh and ours.
        std::sync::Arc::new(unsafe { Self::from_raw(context, c"default") }.unwrap())
    }
}

impl Drop for PrivateContext {
    fn drop(&mut self) {
        // SAFETY: loaded by `from_raw`, unloaded once.
        unsafe { OSSL_PROVIDER_unload(self.provider.as_ptr()) };
    }
}

/// A library context that is freed when dropped.
struct Owned(NonNull<OSSL_LIB_CTX>);

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: owned, freed once.
        unsafe { OSSL_LIB_CTX_free(self.0.as_ptr()) };
    }
}
