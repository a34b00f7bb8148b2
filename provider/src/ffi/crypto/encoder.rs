//! Writing keys of the private context, by its own encoders (OSSL_ENCODER_CTX_new_for_pkey(3ossl)).

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;

use foreign_types::{ForeignType, foreign_type};
use zeroize::Zeroizing;

use super::queue::succeed;
use super::{Pkey, Refused, Selection};
use crate::ffi::callback::Passphrase;
use crate::ffi::sys::OSSL_PASSPHRASE_CALLBACK;

pub(crate) enum OsslEncoderCtx {}

foreign_type! {
    /// An OSSL_ENCODER_CTX.
    unsafe type EncoderCtx {
        type CType = OsslEncoderCtx;
        fn drop = OSSL_ENCODER_CTX_free;
    }
}

// OSSL_ENCODER_CTX(3ossl), OSSL_ENCODER_to_bio(3ossl), OPENSSL_malloc(3ossl)
unsafe extern "C" {
    fn OSSL_ENCODER_CTX_new_for_pkey(
        pkey: *const openssl_sys::EVP_PKEY,
        selection: c_int,
        output_type: *const c_char,
        output_structure: *const c_char,
        properties: *const c_char,
    ) -> *mut OsslEncoderCtx;
    fn OSSL_ENCODER_CTX_free(ctx: *mut OsslEncoderCtx);
    fn OSSL_ENCODER_CTX_set_cipher(
        ctx: *mut OsslEncoderCtx,
        cipher: *const c_char,
        properties: *const c_char,
    ) -> c_int;
    fn OSSL_ENCODER_CTX_set_passphrase_cb(
        ctx: *mut OsslEncoderCtx,
        callback: OSSL_PASSPHRASE_CALLBACK,
        argument: *mut c_void,
    ) -> c_int;
    fn OSSL_ENCODER_to_data(ctx: *mut OsslEncoderCtx, data: *mut *mut u8, length: *mut usize) -> c_int;
    fn CRYPTO_clear_free(pointer: *mut c_void, size: usize, file: *const c_char, line: c_int);
}

/// What a key is written as.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    /// `PEM`, `DER` or `TEXT`.
    pub(crate) output: &'static CStr,
    /// `PrivateKeyInfo`, or none for text.
    pub(crate) structure: Option<&'static CStr>,
}

impl Pkey {
    /// Writes the selected parts; with a cipher, encrypted by the passphrase that is asked for.
    ///
    /// # Errors
    /// The key has not what is selected, the cipher is unknown, or nobody gives a passphrase.
    pub(crate) fn encode(
        &self,
        selection: Selection,
        form: Form,
        encryption: Option<(&str, &Passphrase<'_>)>,
    ) -> Result<Zeroizing<Vec<u8>>, Refused> {
        let structure = form.structure.map_or(ptr::null(), CStr::as_ptr);
        // SAFETY: the key is alive, the names end with NUL; the context works where the key lives, in the private context.
        let ctx = unsafe {
            OSSL_ENCODER_CTX_new_for_pkey(
                self.as_ptr(),
                selection.0,
                form.output.as_ptr(),
                structure,
                ptr::null(),
            )
        };
        if ctx.is_null() {
            return Err(Refused("find a way to write the key"));
        }
        // SAFETY: not NULL, and ours.
        let ctx = unsafe { EncoderCtx::from_ptr(ctx) };
        if let Some((cipher, passphrase)) = encryption {
            encrypt(&ctx, cipher, passphrase)?;
        }
        let (mut data, mut length) = (ptr::null_mut(), 0);
        // SAFETY: the context is alive; NULL data asks for a new buffer.
        let result = unsafe { OSSL_ENCODER_to_data(ctx.as_ptr(), &raw mut data, &raw mut length) };
        succeed(result, "write the key")?;
        // SAFETY: on success the buffer has this length.
        let octets = Zeroizing::new(unsafe { std::slice::from_raw_parts(data, length) }.to_vec());
        // SAFETY: allocated by OSSL_ENCODER_to_data for us; wiped and freed once.
        unsafe { CRYPTO_clear_free(data.cast(), length, c"tpm2".as_ptr(), 0) };
        Ok(octets)
    }
}

fn encrypt(ctx: &EncoderCtx, cipher: &str, passphrase: &Passphrase<'_>) -> Result<(), Refused> {
    let cipher = CString::new(cipher).map_err(|_| Refused("take a cipher with a NUL in its name"))?;
    // SAFETY: the context is alive, the name ends with NUL.
    let result = unsafe { OSSL_ENCODER_CTX_set_cipher(ctx.as_ptr(), cipher.as_ptr(), ptr::null()) };
    succeed(result, "use the cipher")?;
    let (callback, argument) = passphrase.as_pair();
    // SAFETY: the context is alive; callback and argument belong together and outlive this call's context.
    let result = unsafe { OSSL_ENCODER_CTX_set_passphrase_cb(ctx.as_ptr(), callback, argument) };
    succeed(result, "ask for a passphrase")
}

#[cfg(test)]
mod tests {
    use super::Form;
    use crate::ffi::crypto::{Generator, PrivateContext, Selection};

    #[test]
    fn a_software_key_is_written_as_openssl_writes_it() {
        let context = PrivateContext::for_tests();
        let mut generator = Generator::new(&context, c"EC", Selection::KEYPAIR).unwrap();
        let mut params = crate::ffi::params::ParamList::new();
        params.text(c"group", "P-256");
        generator.set_params(params.as_params()).unwrap();
        let key = generator.generate(&crate::ffi::callback::Progress::unheard()).unwrap();
        let pem = Form { output: c"PEM", structure: Some(c"PrivateKeyInfo") };
        let octets = key.encode(Selection::KEYPAIR, pem, None).unwrap();
        assert!(octets.starts_with(b"-----BEGIN PRIVATE KEY-----\n"));
        let text = Form { output: c"TEXT", structure: None };
        let octets = key.encode(Selection::PUBLIC, text, None).unwrap();
        // OpenSSL 4.0 goes on with "field, 128 bit security level)".
        assert!(octets.starts_with(b"Public-Key: (256 bit"));
    }
}
