//! A context for one operation: it receives parameters and is then used.

use std::ffi::CStr;
use std::ptr;

use openssl_sys::EVP_PKEY_CTX;

use super::key::Key;
use super::list::List;
use super::sys;

/// EVP_PKEY_KEYPAIR
const KEYPAIR: i32 = 0x87;

/// The operation of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Sign,
    Verify,
    Encrypt,
    Decrypt,
    Derive,
    Generate,
    Import,
}

/// An EVP_PKEY_CTX.
pub(crate) struct Context(*mut EVP_PKEY_CTX, Use);

impl Context {
    /// Returns a context for a key, initialized for its operation.
    pub(crate) fn of(key: &Key, wanted: Use) -> Option<Self> {
        // SAFETY: the shared promise.
        let ctx = unsafe { openssl_sys::EVP_PKEY_CTX_new(key.as_ptr(), ptr::null_mut()) };
        Self::ready(ctx, wanted)
    }

    /// Returns a context for a new key.
    pub(crate) fn named(name: &CStr, wanted: Use) -> Option<Self> {
        // SAFETY: a string.
        let ctx =
            unsafe { openssl_sys::EVP_PKEY_CTX_new_from_name(ptr::null_mut(), name.as_ptr(), ptr::null()) };
        Self::ready(ctx, wanted)
    }

    fn ready(ctx: *mut EVP_PKEY_CTX, wanted: Use) -> Option<Self> {
        let context = (!ctx.is_null()).then_some(Self(ctx, wanted))?;
        let init = match wanted {
            Use::Sign => openssl_sys::EVP_PKEY_sign_init,
            Use::Verify => openssl_sys::EVP_PKEY_verify_init,
            Use::Encrypt => openssl_sys::EVP_PKEY_encrypt_init,
            Use::Decrypt => openssl_sys::EVP_PKEY_decrypt_init,
            Use::Derive => openssl_sys::EVP_PKEY_derive_init,
            Use::Generate => openssl_sys::EVP_PKEY_keygen_init,
            Use::Import => openssl_sys::EVP_PKEY_fromdata_init,
        };
        // SAFETY: a context.
        (unsafe { init(ctx) } == 1).then_some(context)
    }

    pub(crate) fn set(&self, list: &mut List) {
        // SAFETY: an array that ends with a NULL key.
        unsafe { openssl_sys::EVP_PKEY_CTX_set_params(self.0, list.as_mut_ptr()) };
    }

    pub(crate) fn get(&self, list: &mut List) {
        // SAFETY: an array that ends with a NULL key, and buffers of the sizes in it.
        unsafe { openssl_sys::EVP_PKEY_CTX_get_params(self.0, list.as_mut_ptr()) };
    }

    /// Runs the operation with some input.
    pub(crate) fn run(&self) {
        let mut out = [0_u8; 1024];
        let mut size = out.len();
        let (to, size) = (out.as_mut_ptr(), &raw mut size);
        let (input, signature) = ([7_u8; 32], [7_u8; 256]);
        match self.1 {
            // SAFETY: buffers of these sizes.
            Use::Sign => unsafe { openssl_sys::EVP_PKEY_sign(self.0, to, size, input.as_ptr(), input.len()) },
            // SAFETY: buffers of these sizes.
            Use::Verify => unsafe {
                openssl_sys::EVP_PKEY_verify(
                    self.0,
                    signature.as_ptr(),
                    signature.len(),
                    input.as_ptr(),
                    input.len(),
                )
            },
            // SAFETY: buffers of these sizes.
            Use::Encrypt => unsafe {
                openssl_sys::EVP_PKEY_encrypt(self.0, to, size, input.as_ptr(), input.len())
            },
            // SAFETY: buffers of these sizes.
            Use::Decrypt => unsafe {
                openssl_sys::EVP_PKEY_decrypt(self.0, to, size, signature.as_ptr(), signature.len())
            },
            // SAFETY: buffers of these sizes.
            Use::Derive => unsafe { openssl_sys::EVP_PKEY_derive(self.0, to, size) },
            Use::Generate => {
                let mut key = ptr::null_mut();
                // SAFETY: `key` is a location for the key.
                let result = unsafe { sys::EVP_PKEY_generate(self.0, &raw mut key) };
                drop(Key::from_ptr(key));
                result
            }
            Use::Import => 0,
        };
    }

    /// Returns a key that these parameters describe.
    pub(crate) fn import(&self, list: &mut List) -> Option<Key> {
        let mut key = ptr::null_mut();
        // SAFETY: an array that ends with a NULL key, and a location for the key.
        unsafe { openssl_sys::EVP_PKEY_fromdata(self.0, &raw mut key, KEYPAIR, list.as_mut_ptr()) };
        Key::from_ptr(key)
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: the shared promise.
        unsafe { openssl_sys::EVP_PKEY_CTX_free(self.0) };
    }
}

/// Gets and sets parameters of a key.
impl Key {
    pub(crate) fn get(&self, list: &mut List) {
        // SAFETY: an array that ends with a NULL key, and buffers of the sizes in it.
        unsafe { openssl_sys::EVP_PKEY_get_params(self.as_ptr(), list.as_mut_ptr()) };
    }

    pub(crate) fn set(&self, list: &mut List) {
        // SAFETY: an array that ends with a NULL key.
        unsafe { openssl_sys::EVP_PKEY_set_params(self.as_ptr(), list.as_mut_ptr()) };
    }
}
