//! Memory that libcrypto reads from, and a place where it writes.

use std::ffi::c_int;

use openssl_sys::BIO;

use super::sys;

/// A BIO.
pub(super) struct Bio(*mut BIO);

impl Bio {
    /// Reads these bytes.
    pub(super) fn over(bytes: &[u8]) -> Self {
        let size = c_int::try_from(bytes.len()).expect("a short input");
        // SAFETY: libcrypto copies nothing, and the caller drops the BIO first; so many bytes.
        Self(unsafe { openssl_sys::BIO_new_mem_buf(bytes.as_ptr().cast(), size) })
    }

    /// Takes what is written into it.
    pub(super) fn sink() -> Self {
        // SAFETY: it has no preconditions.
        let method = unsafe { openssl_sys::BIO_s_mem() };
        // SAFETY: a method.
        Self(unsafe { openssl_sys::BIO_new(method) })
    }

    /// Forgets what is written into it.
    pub(super) fn null() -> Self {
        // SAFETY: it has no preconditions.
        let method = unsafe { sys::BIO_s_null() };
        // SAFETY: a method.
        Self(unsafe { openssl_sys::BIO_new(method) })
    }

    pub(super) fn as_ptr(&self) -> *mut BIO {
        self.0
    }

    /// Everything that was written.
    pub(super) fn contents(&self) -> Vec<u8> {
        let mut contents = vec![0; 1 << 16];
        let size = c_int::try_from(contents.len()).expect("a short buffer");
        // SAFETY: a buffer of that size.
        let read = unsafe { openssl_sys::BIO_read(self.0, contents.as_mut_ptr().cast(), size) };
        contents.truncate(usize::try_from(read).unwrap_or(0));
        contents
    }
}

impl Drop for Bio {
    fn drop(&mut self) {
        // SAFETY: the shared promise.
        unsafe { openssl_sys::BIO_free_all(self.0) };
    }
}
