//! A key as a service uses it: its provider, its public half, a signature.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use foreign_types::{ForeignType, ForeignTypeRef};
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::pkey_ctx::PkeyCtxRef;
use openssl::rsa::Padding;
use openssl_sys::{EVP_MD_CTX, EVP_MD_CTX_free, EVP_MD_CTX_new, EVP_PKEY, EVP_PKEY_CTX, OSSL_LIB_CTX};

use super::LibraryContext;

unsafe extern "C" {
    fn OSSL_PROVIDER_get0_name(provider: *const c_void) -> *const c_char;
    fn EVP_PKEY_get0_provider(key: *const EVP_PKEY) -> *const c_void;
    fn EVP_DigestSignInit_ex(
        context: *mut EVP_MD_CTX,
        key_context: *mut *mut EVP_PKEY_CTX,
        digest: *const c_char,
        library: *mut OSSL_LIB_CTX,
        query: *const c_char,
        key: *mut EVP_PKEY,
        parameters: *const c_void,
    ) -> c_int;
    fn EVP_DigestSign(
        context: *mut EVP_MD_CTX,
        signature: *mut u8,
        size: *mut usize,
        data: *const u8,
        length: usize,
    ) -> c_int;
    fn EVP_MD_CTX_get0_md(context: *const EVP_MD_CTX) -> *const c_void;
    fn EVP_MD_get0_name(digest: *const c_void) -> *const c_char;
}

/// A key in a library context.
pub(crate) struct ServiceKey<'a> {
    key: PKey<Private>,
    library: PhantomData<&'a LibraryContext>,
}

/// A signature, and the name of the signed digest.
pub(crate) struct Signed {
    pub(crate) signature: Vec<u8>,
    pub(crate) digest: String,
}

impl<'a> ServiceKey<'a> {
    /// Creates a key of this context.
    pub(super) fn of(key: PKey<Private>, _: &'a LibraryContext) -> Self {
        Self { key, library: PhantomData }
    }

    /// Returns the name of the key's provider.
    pub(crate) fn provider(&self) -> String {
        // SAFETY: EVP_PKEY_get0_provider(3): a key; NULL where it is of no provider.
        let provider = unsafe { EVP_PKEY_get0_provider(self.key.as_ptr()) };
        if provider.is_null() {
            return "none".to_owned();
        }
        // SAFETY: OSSL_PROVIDER(3): a provider.
        let name = unsafe { OSSL_PROVIDER_get0_name(provider) };
        // SAFETY: OSSL_PROVIDER(3): its name is a C string that it owns.
        unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
    }

    /// Returns the OpenSSL key, for its public half.
    pub(crate) fn as_pkey(&self) -> &PKey<Private> {
        &self.key
    }

    /// Signs with the key's default digest (EVP_DigestSign(3)).
    ///
    /// # Errors
    /// The key cannot sign.
    pub(crate) fn sign(&self, data: &[u8], pss: bool) -> Result<Signed, ErrorStack> {
        let context = Context::new()?;
        let mut key_context = ptr::null_mut();
        // SAFETY: EVP_DigestSignInit(3): a context, memory for a pointer, the default digest, and a key of the same library context.
        let started = unsafe {
            EVP_DigestSignInit_ex(
                context.0.as_ptr(),
                &raw mut key_context,
                ptr::null(),
                ptr::null_mut(),
                ptr::null(),
                self.key.as_ptr(),
                ptr::null(),
            )
        };
        done(started)?;
        if pss {
            // SAFETY: EVP_DigestSignInit(3): it belongs to `context`, which outlives this.
            unsafe { PkeyCtxRef::<Private>::from_ptr_mut(key_context) }
                .set_rsa_padding(Padding::PKCS1_PSS)?;
        }
        let mut size = 0;
        // SAFETY: EVP_DigestSign(3): NULL asks for the size.
        done(unsafe {
            EVP_DigestSign(context.0.as_ptr(), ptr::null_mut(), &raw mut size, data.as_ptr(), data.len())
        })?;
        let mut signature = vec![0; size];
        // SAFETY: EVP_DigestSign(3): room for `size` bytes, and the data.
        done(unsafe {
            EVP_DigestSign(
                context.0.as_ptr(),
                signature.as_mut_ptr(),
                &raw mut size,
                data.as_ptr(),
                data.len(),
            )
        })?;
        signature.truncate(size);
        Ok(Signed { signature, digest: context.digest() })
    }
}

/// EVP_MD_CTX.
struct Context(NonNull<EVP_MD_CTX>);

impl Context {
    fn new() -> Result<Self, ErrorStack> {
        // SAFETY: EVP_MD_CTX_new(3) takes nothing.
        NonNull::new(unsafe { EVP_MD_CTX_new() }).map(Self).ok_or_else(ErrorStack::get)
    }

    fn digest(&self) -> String {
        // SAFETY: EVP_MD_CTX_get0_md(3): a context; NULL where no digest is set.
        let digest = unsafe { EVP_MD_CTX_get0_md(self.0.as_ptr()) };
        if digest.is_null() {
            return String::new();
        }
        // SAFETY: EVP_MD_get0_name(3): a digest.
        let name = unsafe { EVP_MD_get0_name(digest) };
        // SAFETY: EVP_MD_get0_name(3): its name is a C string that it owns.
        unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: EVP_MD_CTX_free(3): it was created by `new`.
        unsafe { EVP_MD_CTX_free(self.0.as_ptr()) };
    }
}

fn done(answer: c_int) -> Result<(), ErrorStack> {
    if answer == 1 { Ok(()) } else { Err(ErrorStack::get()) }
}
