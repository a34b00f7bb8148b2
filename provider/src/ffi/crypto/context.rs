//! The private context: a library context with OpenSSL's default provider, or the configured providers, and
//! nothing else.

use std::ffi::{CStr, CString, c_int, c_void};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use super::Refused;
use super::owned::Owned;
use super::queue::succeed;
use crate::ffi::guard::contain;
use crate::ffi::init;
use crate::ffi::libcrypto::Libcrypto;
use crate::ffi::sys::{OSSL_LIB_CTX, OSSL_PROVIDER};

/// The providers of a private context.
pub(crate) enum Providers {
    /// The providers of these names.
    Named(&'static [&'static CStr]),
    /// The providers that the OpenSSL configuration at this path activates.
    Configured(CString),
}

/// The context. Objects made in it keep it alive by `Arc`.
pub(crate) struct PrivateContext {
    /// Alive until the context is dropped, which unloads them.
    providers: Vec<NonNull<OSSL_PROVIDER>>,
    context: Loaded,
    is_fips: bool,
}

// SAFETY: libcrypto locks these objects itself (openssl-threads(7)).
unsafe impl Send for PrivateContext {}
// SAFETY: as above.
unsafe impl Sync for PrivateContext {}

impl PrivateContext {
    /// Takes over a fresh context and loads the providers for software operations into it.
    ///
    /// # Errors
    /// The context is NULL, a provider does not load, no provider is active, or a provider is this module.
    ///
    /// # Safety
    /// `context` is NULL or from OSSL_LIB_CTX_new_from_dispatch of this libcrypto, and belongs to the caller.
    pub(in crate::ffi) unsafe fn from_raw(
        libcrypto: &Arc<Libcrypto>,
        context: *mut OSSL_LIB_CTX,
        wanted: &Providers,
    ) -> Result<Self, Refused> {
        // SAFETY: promised by the caller.
        let context = unsafe { Owned::new(context, libcrypto.OSSL_LIB_CTX_free, "make a library context") }?;
        let mut context = Loaded { loaded: Vec::new(), context, libcrypto: Arc::clone(libcrypto) };
        match wanted {
            Providers::Named(names) => names.iter().try_for_each(|name| context.load(name))?,
            Providers::Configured(path) => {
                // A context without any provider would load default on its own (OSSL_PROVIDER_load(3ossl)).
                context.load(c"null")?;
                context.configure(path)?;
            }
        }
        let providers = context.providers();
        if providers.iter().any(|provider| context.is_this_one(*provider)) {
            return Err(Refused("use this provider for its own software operations"));
        }
        if matches!(wanted, Providers::Configured(_)) && providers.len() < 2 {
            return Err(Refused("find a provider that is activated"));
        }
        let is_fips = context.has_only_fips(&providers);
        Ok(Self { providers, context, is_fips })
    }

    /// The pointer for libcrypto.
    pub(in crate::ffi) fn as_ptr(&self) -> *mut OSSL_LIB_CTX {
        self.context.context.as_ptr()
    }

    /// Returns true if a FIPS provider does everything in it, because a fetch finds nothing else.
    pub(crate) fn is_fips(&self) -> bool {
        self.is_fips
    }

    /// The libcrypto that the context belongs to.
    pub(crate) fn libcrypto(&self) -> &Libcrypto {
        &self.context.libcrypto
    }

    /// The providers that do the software work.
    pub(in crate::ffi) fn providers(&self) -> impl Iterator<Item = *mut OSSL_PROVIDER> {
        self.providers.iter().map(|provider| provider.as_ptr())
    }

    /// A context for unit tests, which have no core.
    #[cfg(test)]
    pub(crate) fn for_tests() -> Arc<Self> {
        // SAFETY: OSSL_LIB_CTX_new(3ossl) has no preconditions.
        let context = unsafe { (crate::ffi::libcrypto::tests::Testing::functions().OSSL_LIB_CTX_new)() };
        let providers = Providers::Named(&[c"default"]);
        // SAFETY: the context is fresh and ours.
        Arc::new(unsafe { Self::from_raw(&Libcrypto::for_tests(), context, &providers) }.unwrap())
    }
}

/// OpenSSL's providers without algorithms.
const WITHOUT_ALGORITHMS: [&CStr; 2] = [c"base", c"null"];

/// A library context with providers.
struct Loaded {
    /// Unloaded before the context is freed.
    loaded: Vec<NonNull<OSSL_PROVIDER>>,
    context: Owned<OSSL_LIB_CTX>,
    libcrypto: Arc<Libcrypto>,
}

impl Loaded {
    fn load(&mut self, name: &CStr) -> Result<(), Refused> {
        // SAFETY: the context is alive, the name ends with NUL.
        let provider = unsafe { (self.libcrypto.OSSL_PROVIDER_load)(self.context.as_ptr(), name.as_ptr()) };
        let provider = NonNull::new(provider).ok_or(Refused("load the provider for software operations"))?;
        self.loaded.push(provider);
        Ok(())
    }

    fn configure(&self, path: &CStr) -> Result<(), Refused> {
        let files = self.libcrypto.files?;
        // SAFETY: the context is alive, the path ends with NUL.
        let result = unsafe { (files.OSSL_LIB_CTX_load_config)(self.context.as_ptr(), path.as_ptr()) };
        succeed(result, "load the configuration")
    }

    /// All active providers.
    fn providers(&self) -> Vec<NonNull<OSSL_PROVIDER>> {
        // SAFETY: the context is alive.
        unsafe { active(&self.libcrypto, self.context.as_ptr()) }
    }

    /// Returns true if all algorithms belong to one provider with `fips=yes`. Call it only if no instance of
    /// this module is in the context, because it fetches.
    fn has_only_fips(&self, providers: &[NonNull<OSSL_PROVIDER>]) -> bool {
        let Ok(fips) = self.libcrypto.fips else { return false };
        self.libcrypto.quietly(|| {
            // Every provider with algorithms has this digest.
            let (name, properties) = (c"SHA2-256".as_ptr(), c"fips=yes".as_ptr());
            // SAFETY: the context is alive, the strings end with NUL.
            let found = unsafe { (self.libcrypto.EVP_MD_fetch)(self.context.as_ptr(), name, properties) };
            if found.is_null() {
                return false;
            }
            // SAFETY: a digest, which the next line frees. Its provider belongs to the context.
            let validated = unsafe { (fips.EVP_MD_get0_provider)(found) };
            // SAFETY: a reference of our own, freed once.
            unsafe { (self.libcrypto.EVP_MD_free)(found) };
            providers.iter().all(|provider| {
                // SAFETY: the provider is alive.
                let name = unsafe { (fips.OSSL_PROVIDER_get0_name)(provider.as_ptr()) };
                // SAFETY: a string of the provider, which ends with NUL.
                let name = unsafe { CStr::from_ptr(name) };
                ptr::eq(provider.as_ptr(), validated) || WITHOUT_ALGORITHMS.contains(&name)
            })
        })
    }

    /// Returns true if the provider is another instance of this module, which would call itself endlessly.
    fn is_this_one(&self, provider: NonNull<OSSL_PROVIDER>) -> bool {
        // SAFETY: the provider is alive.
        init::is_ours(unsafe { (self.libcrypto.OSSL_PROVIDER_get0_dispatch)(provider.as_ptr()) })
    }
}

/// Lists all active providers of a library context.
///
/// # Safety
/// The context is alive.
pub(in crate::ffi) unsafe fn active(
    libcrypto: &Libcrypto,
    context: *mut OSSL_LIB_CTX,
) -> Vec<NonNull<OSSL_PROVIDER>> {
    let mut found = Vec::new();
    let list = ptr::from_mut(&mut found).cast();
    // SAFETY: promised by the caller; `note` takes the list, which lives until the call returns.
    unsafe { (libcrypto.OSSL_PROVIDER_do_all)(context, Some(note), list) };
    found
}

/// Adds a provider to the list of `active`.
unsafe extern "C" fn note(provider: *mut OSSL_PROVIDER, list: *mut c_void) -> c_int {
    // SAFETY: from `active`, which is waiting.
    let list = unsafe { list.cast::<Vec<NonNull<OSSL_PROVIDER>>>().as_mut() };
    contain(|| list.zip(NonNull::new(provider)).map(|(list, provider)| list.push(provider)).is_some())
}

impl Drop for Loaded {
    fn drop(&mut self) {
        for provider in &self.loaded {
            // SAFETY: loaded by `load`, unloaded once.
            unsafe { (self.libcrypto.OSSL_PROVIDER_unload)(provider.as_ptr()) };
        }
    }
}
