//! Writes keys of the private context, with its own encoders (OSSL_ENCODER_CTX_new_for_pkey(3ossl)).

use std::ffi::{CStr, CString};
use std::ptr;

use zeroize::Zeroizing;

use super::owned::Owned;
use super::queue::succeed;
use super::{Pkey, Refused, Selection};
use crate::ffi::callback::Passphrase;
use crate::ffi::libcrypto::Encoding;
use crate::ffi::sys::OSSL_ENCODER_CTX;

/// An output format of a key.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    /// `PEM`, `DER` or `TEXT`.
    pub(crate) output: &'static CStr,
    /// `PrivateKeyInfo`; none for text.
    pub(crate) structure: Option<&'static CStr>,
}

impl Pkey {
    /// Writes the selected parts. With a cipher they are encrypted by a passphrase, which the callback is
    /// asked for.
    ///
    /// # Errors
    /// The key lacks a selected part, the cipher is unknown, or there is no passphrase.
    pub(crate) fn encode(
        &self,
        selection: Selection,
        form: Form,
        encryption: Option<(&str, &Passphrase<'_>)>,
    ) -> Result<Zeroizing<Vec<u8>>, Refused> {
        let encoding = self.libcrypto().encoding?;
        let structure = form.structure.map_or(ptr::null(), CStr::as_ptr);
        // SAFETY: the key is alive, the names end with NUL; the context works where the key lives, in the private context.
        let ctx = unsafe {
            (encoding.OSSL_ENCODER_CTX_new_for_pkey)(
                self.as_ptr(),
                selection.0,
                form.output.as_ptr(),
                structure,
                ptr::null(),
            )
        };
        // SAFETY: NULL or ours.
        let ctx = unsafe { Owned::new(ctx, encoding.OSSL_ENCODER_CTX_free, "find a way to write the key") }?;
        if let Some((cipher, passphrase)) = encryption {
            encrypt(&encoding, &ctx, cipher, passphrase)?;
        }
        let (mut data, mut length) = (ptr::null_mut(), 0);
        // SAFETY: the context is alive; NULL data asks for a new buffer.
        let result = unsafe { (encoding.OSSL_ENCODER_to_data)(ctx.as_ptr(), &raw mut data, &raw mut length) };
        succeed(result, "write the key")?;
        // SAFETY: on success the buffer has this length.
        let bytes = Zeroizing::new(unsafe { std::slice::from_raw_parts(data, length) }.to_vec());
        // SAFETY: allocated by OSSL_ENCODER_to_data for us; wiped and freed once.
        unsafe { (encoding.CRYPTO_clear_free)(data.cast(), length, c"tpm2".as_ptr(), 0) };
        Ok(bytes)
    }
}

fn encrypt(
    encoding: &Encoding,
    ctx: &Owned<OSSL_ENCODER_CTX>,
    cipher: &str,
    passphrase: &Passphrase<'_>,
) -> Result<(), Refused> {
    let cipher = CString::new(cipher).map_err(|_| Refused("accept a cipher name that contains a NUL"))?;
    // SAFETY: the context is alive, the name ends with NUL.
    let result =
        unsafe { (encoding.OSSL_ENCODER_CTX_set_cipher)(ctx.as_ptr(), cipher.as_ptr(), ptr::null()) };
    succeed(result, "use the cipher")?;
    let (callback, argument) = passphrase.as_pair();
    // SAFETY: the context is alive; callback and argument belong together and outlive this call's context.
    let result = unsafe { (encoding.OSSL_ENCODER_CTX_set_passphrase_cb)(ctx.as_ptr(), callback, argument) };
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
        let key = generator.generate(&crate::ffi::callback::Progress::none()).unwrap();
        let pem = Form { output: c"PEM", structure: Some(c"PrivateKeyInfo") };
        let bytes = key.encode(Selection::KEYPAIR, pem, None).unwrap();
        assert!(bytes.starts_with(b"-----BEGIN PRIVATE KEY-----\n"));
        let text = Form { output: c"TEXT", structure: None };
        let bytes = key.encode(Selection::PUBLIC, text, None).unwrap();
        // OpenSSL 4.0 continues with "field, 128 bit security level)".
        assert!(bytes.starts_with(b"Public-Key: (256 bit"));
    }
}
