//! The core as a provider instance uses it: errors, its section of openssl.cnf, BIOs, the private library
//! context.

use std::ffi::{CStr, c_char};
use std::ptr;
use std::sync::Arc;

use super::application::Application;
use super::crypto::{PrivateContext, Providers, Refused};
use super::libcrypto::Libcrypto;
use super::params::Kind;
use super::raise::raise;
use super::sys::{OSSL_CORE_BIO, OSSL_CORE_HANDLE, OSSL_DISPATCH, OSSL_PARAM};
use super::upcalls::Upcalls;
use crate::error::Error;

/// Handle and functions of the core (provider-base(7)), and the libcrypto that the core belongs to.
pub(crate) struct Core {
    handle: *const OSSL_CORE_HANDLE,
    dispatch: *const OSSL_DISPATCH,
    upcalls: Upcalls,
    libcrypto: Arc<Libcrypto>,
}

// SAFETY: provider-base(7): handle and functions may be used from every thread until teardown returns.
unsafe impl Send for Core {}
// SAFETY: as above.
unsafe impl Sync for Core {}

impl Core {
    /// # Safety
    /// `handle` and `dispatch` are the arguments of OSSL_provider_init, which stay valid until teardown (the
    /// table is a constant of libcrypto). `upcalls` are the functions in that table. `libcrypto` is the
    /// library that called.
    pub(crate) unsafe fn new(
        handle: *const OSSL_CORE_HANDLE,
        dispatch: *const OSSL_DISPATCH,
        upcalls: Upcalls,
        libcrypto: Arc<Libcrypto>,
    ) -> Core {
        Core { handle, dispatch, upcalls, libcrypto }
    }

    /// The libcrypto that loaded this instance.
    pub(crate) fn libcrypto(&self) -> &Arc<Libcrypto> {
        &self.libcrypto
    }

    /// Puts an error on OpenSSL's queue under this provider's library name. Only `guard` calls it, so that
    /// each error is raised once.
    pub(crate) fn raise(&self, entry: &CStr, error: &Error) {
        // SAFETY: handle and functions of the core.
        unsafe { raise(&self.upcalls, self.handle, entry, error) };
    }

    /// Keeps the instance loaded for good if OPENSSL_cleanup has already run. Called when a key is freed:
    /// after the last key the core would unload our reason strings under a lock that no longer exists, and
    /// crash (seen with OpenSSL 3.0; providers without reason strings do not have this problem). Programs
    /// free keys this late in exit handlers and in C++ destructors.
    pub(crate) fn stay_loaded_after_cleanup(&self) {
        // SAFETY: no settings. With no option it does nothing, and fails once OPENSSL_cleanup was called.
        let over = unsafe { (self.libcrypto.OPENSSL_init_crypto)(0, ptr::null()) } != 1;
        if let (true, Some(up_ref)) = (over, self.upcalls.provider_up_ref) {
            // SAFETY: the core's own function with its own handle, which the key that is being freed still holds.
            unsafe { up_ref(self.handle, 0) };
        }
    }

    /// A value from the provider's section of openssl.cnf, or a built-in value such as "openssl-version".
    pub(crate) fn parameter(&self, name: &CStr) -> Option<Vec<u8>> {
        let get_params = self.upcalls.core_get_params?;
        let mut value: *const c_char = ptr::null();
        let mut params = [
            OSSL_PARAM {
                key: name.as_ptr(),
                data_type: Kind::Constant.number(),
                data: ptr::from_mut(&mut value).cast(),
                data_size: 0,
                return_size: usize::MAX,
            },
            OSSL_PARAM {
                key: ptr::null(),
                data_type: 0,
                data: ptr::null_mut(),
                data_size: 0,
                return_size: 0,
            },
        ];
        // SAFETY: the core's own function; the array ends with a null key and its first row points to a pointer.
        let found = unsafe { get_params(self.handle, params.as_mut_ptr()) };
        if found != 1 || value.is_null() {
            return None;
        }
        // SAFETY: the core set it to a C string that lives as long as the provider.
        let value = unsafe { CStr::from_ptr(value) };
        Some(value.to_bytes().to_vec())
    }

    /// Creates a library context with these providers only.
    ///
    /// # Errors
    /// OpenSSL cannot create it, or lacks one of the providers.
    pub(crate) fn private_context(&self, providers: &Providers) -> Result<PrivateContext, Refused> {
        // SAFETY: the arguments of OSSL_provider_init (OSSL_LIB_CTX_new_from_dispatch(3)).
        let context = unsafe { (self.libcrypto.OSSL_LIB_CTX_new_from_dispatch)(self.handle, self.dispatch) };
        // SAFETY: NULL or fresh, and ours.
        unsafe { PrivateContext::from_raw(&self.libcrypto, context, providers) }
    }

    /// The application's library context.
    ///
    /// # Errors
    /// OpenSSL cannot show it.
    pub(crate) fn application(&self) -> Result<Application, Refused> {
        // SAFETY: the arguments of OSSL_provider_init.
        self.libcrypto.quietly(|| unsafe {
            Application::new(&self.libcrypto, self.handle, self.dispatch, &self.upcalls)
        })
    }

    /// Reads up to the buffer's length. Returns `None` at the end or on an error.
    ///
    /// # Safety
    /// The core passed `bio` to the running call.
    pub(crate) unsafe fn bio_read(&self, bio: *mut OSSL_CORE_BIO, buffer: &mut [u8]) -> Option<usize> {
        let read = self.upcalls.BIO_read_ex?;
        let mut count = 0;
        // SAFETY: a live BIO, and a buffer with its length.
        let ok = unsafe { read(bio, buffer.as_mut_ptr().cast(), buffer.len(), &mut count) };
        (ok == 1 && count > 0).then_some(count)
    }

    /// Reads one line, or as much of it as fits, without the terminating zero. Returns `None` at the end.
    ///
    /// # Safety
    /// As `bio_read`.
    pub(crate) unsafe fn bio_gets(&self, bio: *mut OSSL_CORE_BIO, buffer: &mut [u8]) -> Option<usize> {
        let gets = self.upcalls.BIO_gets?;
        let size = i32::try_from(buffer.len()).unwrap_or(i32::MAX);
        // SAFETY: a live BIO, and a buffer with its length.
        let count = unsafe { gets(bio, buffer.as_mut_ptr().cast(), size) };
        usize::try_from(count).ok().filter(|count| *count > 0)
    }

    /// Writes all bytes. Returns false on an error.
    ///
    /// # Safety
    /// As `bio_read`.
    pub(crate) unsafe fn bio_write(&self, bio: *mut OSSL_CORE_BIO, bytes: &[u8]) -> bool {
        let Some(write) = self.upcalls.BIO_write_ex else { return false };
        let mut written = 0;
        // SAFETY: a live BIO, and bytes with their length.
        let ok = unsafe { write(bio, bytes.as_ptr().cast(), bytes.len(), &mut written) };
        ok == 1 && written == bytes.len()
    }
}
