//! Memory that libcrypto reads from or writes to.

use std::ffi::c_int;

use openssl_sys::BIO;

use super::sys;

/// A BIO.
pub(super) struct Bio(*mut BIO);

impl Bio {
    /// Returns a BIO that reads these bytes.
    pub(super) fn over(bytes: &[u8]) -> Self {
        let size = c_int::try_from(bytes.len()).expect("a short input");
        // SAFETY: the pointer and the length are those of `bytes`. libcrypto does not copy them; the caller drops the BIO before them.
        Self(unsafe { openssl_sys::BIO_new_mem_buf(bytes.as_ptr().cast(), size) })
    }

    /// Returns a BIO that collects what is written to it.
    pub(super) fn sink() -> Self {
        // SAFETY: it has no preconditions.
        let method = unsafe { openssl_sys::BIO_s_mem() };
        // SAFETY: `method` is valid.
        Self(unsafe { openssl_sys::BIO_new(method) })
    }

    /// Returns a BIO that discards what is written to it.
    pub(super) fn null() -> Self {
        // SAFETY: it has no preconditions.
        let method = unsafe { sys::BIO_s_null() };
        // SAFETY: `method` is valid.
        Self(unsafe { openssl_sys::BIO_new(method) })
    }

    pub(super) fn as_ptr(&self) -> *mut BIO {
        self.0
    }

    /// Returns everything that was written.
    pub(super) fn contents(&self) -> Vec<u8> {
        let mut contents = vec![0; 1 << 16];
        let size = c_int::try_from(contents.len()).expect("a short buffer");
        // SAFETY: the buffer has that size.
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
