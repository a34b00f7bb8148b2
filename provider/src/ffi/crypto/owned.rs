//! Owners of objects that libcrypto made. They free an object once, by the function of the library that made
//! it.

use std::ptr::NonNull;

use super::Refused;
use crate::ffi::sys::{EVP_MD, EVP_PKEY, OSSL_LIB_CTX};

/// The owner of a pointer.
pub(in crate::ffi) struct Owned<T> {
    pointer: NonNull<T>,
    free: unsafe extern "C" fn(*mut T),
}

impl<T> Owned<T> {
    /// Takes over an object that libcrypto just made.
    ///
    /// # Errors
    /// The pointer is NULL: libcrypto could not do `what`.
    ///
    /// # Safety
    /// The pointer is NULL or belongs to the caller, and `free` is the function that frees it.
    pub(in crate::ffi) unsafe fn new(
        pointer: *mut T,
        free: unsafe extern "C" fn(*mut T),
        what: &'static str,
    ) -> Result<Self, Refused> {
        NonNull::new(pointer).map(|pointer| Self { pointer, free }).ok_or(Refused(what))
    }

    /// Creates a second owner of a reference-counted object.
    ///
    /// # Safety
    /// The caller has just increased the count.
    pub(super) unsafe fn counted(&self) -> Self {
        Self { pointer: self.pointer, free: self.free }
    }

    /// The pointer for libcrypto.
    pub(in crate::ffi) fn as_ptr(&self) -> *mut T {
        self.pointer.as_ptr()
    }
}

// SAFETY: libcrypto's objects are not bound to a thread (openssl-threads(7)).
unsafe impl<T> Send for Owned<T> {}
// SAFETY: several threads may use an object that no thread changes (openssl-threads(7)).
unsafe impl Sync for Owned<EVP_MD> {}
// SAFETY: as above.
unsafe impl Sync for Owned<EVP_PKEY> {}
// SAFETY: as above.
unsafe impl Sync for Owned<OSSL_LIB_CTX> {}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: promised at `new`.
        unsafe { (self.free)(self.pointer.as_ptr()) };
    }
}
