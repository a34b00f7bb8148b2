//! A key that libcrypto reads, in each way that programs use.

use std::ffi::{c_char, c_int, c_long, c_void};
use std::ptr;

use openssl_sys::EVP_PKEY;

use super::bio::Bio;
use super::sys;

/// How a program reads a key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    Decoder,
    Pem,
    Der,
    PublicPem,
    Store,
}

impl Way {
    pub(crate) const ALL: [Self; 5] = [Self::Decoder, Self::Pem, Self::Der, Self::PublicPem, Self::Store];
}

/// An EVP_PKEY.
pub(crate) struct Key(*mut EVP_PKEY);

impl Key {
    /// Reads a key. If a password is requested, it is "password".
    pub(crate) fn read(bytes: &[u8], way: Way) -> Option<Self> {
        let bio = Bio::over(bytes);
        let key = match way {
            Way::Decoder => by_decoder(&bio),
            // SAFETY: the shared promise.
            Way::Pem => unsafe {
                openssl_sys::PEM_read_bio_PrivateKey(
                    bio.as_ptr(),
                    ptr::null_mut(),
                    Some(password),
                    ptr::null_mut(),
                )
            },
            Way::Der => {
                let mut next = bytes.as_ptr();
                let size = c_long::try_from(bytes.len()).expect("a short input");
                // SAFETY: the pointer and the size are those of the input.
                unsafe { openssl_sys::d2i_AutoPrivateKey(ptr::null_mut(), &raw mut next, size) }
            }
            // SAFETY: the shared promise.
            Way::PublicPem => unsafe {
                openssl_sys::PEM_read_bio_PUBKEY(
                    bio.as_ptr(),
                    ptr::null_mut(),
                    Some(password),
                    ptr::null_mut(),
                )
            },
            Way::Store => by_store(&bio),
        };
        (!key.is_null()).then_some(Self(key))
    }

    pub(super) fn as_ptr(&self) -> *mut EVP_PKEY {
        self.0
    }

    pub(super) fn from_ptr(key: *mut EVP_PKEY) -> Option<Self> {
        (!key.is_null()).then_some(Self(key))
    }

    /// Prints the key and writes its public half, and discards both.
    pub(crate) fn show(&self) {
        let sink = Bio::null();
        // SAFETY: the shared promise.
        unsafe { sys::EVP_PKEY_print_private(sink.as_ptr(), self.0, 0, ptr::null_mut()) };
        // SAFETY: the shared promise.
        unsafe { openssl_sys::PEM_write_bio_PUBKEY(sink.as_ptr(), self.0) };
    }

    /// Writes the key as PEM, if it can be written.
    pub(crate) fn to_pem(&self) -> Option<Vec<u8>> {
        let sink = Bio::sink();
        // SAFETY: the shared promise; no cipher.
        let written = unsafe {
            openssl_sys::PEM_write_bio_PrivateKey(
                sink.as_ptr(),
                self.0,
                ptr::null(),
                ptr::null_mut(),
                0,
                None,
                ptr::null_mut(),
            )
        };
        (written == 1).then(|| sink.contents())
    }

    /// Returns true if both keys have the same public half.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        // SAFETY: the shared promise.
        unsafe { openssl_sys::EVP_PKEY_eq(self.0, other.0) == 1 }
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: the shared promise.
        unsafe { openssl_sys::EVP_PKEY_free(self.0) };
    }
}

fn by_decoder(bio: &Bio) -> *mut EVP_PKEY {
    let mut key = ptr::null_mut();
    // SAFETY: a location for the key, which lives until the context is freed.
    let ctx = unsafe {
        openssl_sys::OSSL_DECODER_CTX_new_for_pkey(
            &raw mut key,
            ptr::null(),
            ptr::null(),
            ptr::null(),
            0,
            ptr::null_mut(),
            ptr::null(),
        )
    };
    // SAFETY: a context, and a function of the right type.
    unsafe { openssl_sys::OSSL_DECODER_CTX_set_pem_password_cb(ctx, Some(password), ptr::null_mut()) };
    // SAFETY: the shared promise.
    unsafe { openssl_sys::OSSL_DECODER_from_bio(ctx, bio.as_ptr()) };
    // SAFETY: the context is not used any more.
    unsafe { openssl_sys::OSSL_DECODER_CTX_free(ctx) };
    key
}

fn by_store(bio: &Bio) -> *mut EVP_PKEY {
    // SAFETY: it has no preconditions.
    let no_ui = unsafe { sys::UI_null() };
    // SAFETY: the shared promise.
    let store = unsafe {
        sys::OSSL_STORE_attach(
            bio.as_ptr(),
            c"file".as_ptr(),
            ptr::null_mut(),
            ptr::null(),
            no_ui,
            ptr::null_mut(),
            ptr::null(),
            ptr::null(),
            ptr::null_mut(),
        )
    };
    let mut key: *mut EVP_PKEY = ptr::null_mut();
    // SAFETY: an open store.
    while !store.is_null() && key.is_null() && unsafe { sys::OSSL_STORE_eof(store) } == 0 {
        // SAFETY: an open store.
        let info = unsafe { sys::OSSL_STORE_load(store) };
        if info.is_null() {
            continue;
        }
        // SAFETY: `info` comes from the store.
        key = unsafe { sys::OSSL_STORE_INFO_get1_PKEY(info) };
        // SAFETY: `info` comes from the store.
        unsafe { sys::OSSL_STORE_INFO_free(info) };
    }
    // SAFETY: an open store, or NULL.
    unsafe { sys::OSSL_STORE_close(store) };
    key
}

unsafe extern "C" fn password(buffer: *mut c_char, size: c_int, _: c_int, _: *mut c_void) -> c_int {
    let secret = b"password";
    let fits = usize::try_from(size).is_ok_and(|size| size >= secret.len());
    if !fits {
        return -1;
    }
    // SAFETY: the buffer has room for the password.
    unsafe { ptr::copy_nonoverlapping(secret.as_ptr(), buffer.cast(), secret.len()) };
    c_int::try_from(secret.len()).unwrap_or(-1)
}
