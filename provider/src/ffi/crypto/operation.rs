//! Operations with a key and without a digest: raw signatures, encryption, derivation.

use std::ffi::c_int;
use std::ptr;

use zeroize::Zeroizing;

use super::owned::Owned;
use super::pkey::{new_ctx, own_ctx};
use super::queue::succeed;
use super::{Options, Pkey, Refused};
use crate::ffi::libcrypto::Libcrypto;
use crate::ffi::params::Params;
use crate::ffi::sys::EVP_PKEY_CTX;

/// libcrypto's result of a verification: 1 for a valid signature, 0 for a wrong one, less if it cannot be
/// parsed (EVP_PKEY_verify(3ossl)).
#[derive(Clone, Copy)]
pub(crate) struct Verdict(pub(crate) c_int);

impl Verdict {
    /// Returns true if the signature is valid.
    pub(crate) const fn is_valid_signature(self) -> bool {
        self.0 == 1
    }
}

/// The purpose of a context.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// EVP_PKEY_sign(3ossl)
    Sign,
    /// EVP_PKEY_verify(3ossl)
    Verify,
    /// EVP_PKEY_verify_recover(3ossl)
    VerifyRecover,
    /// EVP_PKEY_encrypt(3ossl)
    Encrypt,
    /// EVP_PKEY_decrypt(3ossl)
    Decrypt,
    /// EVP_PKEY_derive(3ossl)
    Derive,
}

/// An operation in progress.
pub(crate) struct Operation {
    ctx: Owned<EVP_PKEY_CTX>,
    /// Keeps the private context alive as well.
    key: Pkey,
}

impl Operation {
    /// Begins an operation.
    ///
    /// # Errors
    /// The key does not support it, or a parameter is refused.
    pub(crate) fn new(key: &Pkey, purpose: Purpose, params: Params<'_>) -> Result<Self, Refused> {
        let ctx = new_ctx(key)?;
        let libcrypto = key.libcrypto();
        let init = match purpose {
            Purpose::Sign => libcrypto.EVP_PKEY_sign_init_ex,
            Purpose::Verify => libcrypto.EVP_PKEY_verify_init_ex,
            Purpose::VerifyRecover => libcrypto.EVP_PKEY_verify_recover_init_ex,
            Purpose::Encrypt => libcrypto.EVP_PKEY_encrypt_init_ex,
            Purpose::Decrypt => libcrypto.EVP_PKEY_decrypt_init_ex,
            Purpose::Derive => libcrypto.EVP_PKEY_derive_init_ex,
        };
        // SAFETY: the context is alive, the array valid by `Params`.
        succeed(unsafe { init(ctx.as_ptr(), params.as_ptr()) }, "begin the operation")?;
        Ok(Self { ctx, key: key.clone() })
    }

    /// Copies the operation in its current state.
    ///
    /// # Errors
    /// libcrypto is out of memory.
    pub(crate) fn try_clone(&self) -> Result<Self, Refused> {
        // SAFETY: the context is alive; the result is ours.
        let ctx = unsafe { (self.libcrypto().EVP_PKEY_CTX_dup)(self.ctx.as_ptr()) };
        let ctx = own_ctx(self.libcrypto(), ctx)?;
        Ok(Self { ctx, key: self.key.clone() })
    }

    /// The key of the operation.
    pub(crate) const fn key(&self) -> &Pkey {
        &self.key
    }

    fn libcrypto(&self) -> &Libcrypto {
        self.key.libcrypto()
    }

    /// The parameters of the operation.
    pub(crate) fn options(&mut self) -> Options<'_> {
        Options { ctx: self.ctx.as_ptr(), libcrypto: self.libcrypto(), borrow: std::marker::PhantomData }
    }

    /// Signs a digest.
    ///
    /// # Errors
    /// The key is public, or the digest has the wrong size.
    pub(crate) fn sign(&mut self, digest: &[u8]) -> Result<Vec<u8>, Refused> {
        self.transform(self.libcrypto().EVP_PKEY_sign, digest, "sign")
            .map(|mut bytes| std::mem::take(&mut *bytes))
    }

    /// Verifies a signature of a digest. A wrong signature leaves the reason on the error queue, as in
    /// OpenSSL's own providers.
    pub(crate) fn verify(&mut self, signature: &[u8], digest: &[u8]) -> Verdict {
        // SAFETY: the context is alive, the slices have their lengths.
        Verdict(unsafe {
            (self.libcrypto().EVP_PKEY_verify)(
                self.ctx.as_ptr(),
                signature.as_ptr(),
                signature.len(),
                digest.as_ptr(),
                digest.len(),
            )
        })
    }

    /// Recovers the signed data.
    ///
    /// # Errors
    /// The signature is wrong.
    pub(crate) fn verify_recover(&mut self, signature: &[u8]) -> Result<Vec<u8>, Refused> {
        self.transform(self.libcrypto().EVP_PKEY_verify_recover, signature, "recover what was signed")
            .map(|mut bytes| std::mem::take(&mut *bytes))
    }

    /// Encrypts.
    ///
    /// # Errors
    /// The message is too long.
    pub(crate) fn encrypt(&mut self, message: &[u8]) -> Result<Vec<u8>, Refused> {
        self.transform(self.libcrypto().EVP_PKEY_encrypt, message, "encrypt")
            .map(|mut bytes| std::mem::take(&mut *bytes))
    }

    /// Decrypts.
    ///
    /// # Errors
    /// The key is public, or the message is damaged.
    pub(crate) fn decrypt(&mut self, message: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refused> {
        self.transform(self.libcrypto().EVP_PKEY_decrypt, message, "decrypt")
    }

    /// Sets the peer's key of a derivation.
    ///
    /// # Errors
    /// It is not a key on the same curve.
    pub(crate) fn set_peer(&mut self, peer: &Pkey) -> Result<(), Refused> {
        // SAFETY: both are alive; the context counts the peer.
        let result = unsafe { (self.libcrypto().EVP_PKEY_derive_set_peer)(self.ctx.as_ptr(), peer.as_ptr()) };
        succeed(result, "accept the peer's key")
    }

    /// Derives a shared secret into a buffer of this size. A smaller buffer gets the beginning of the secret
    /// if there is no key derivation function.
    ///
    /// # Errors
    /// There is no peer, or the output of the key derivation function is longer.
    pub(crate) fn derive(&mut self, size: usize) -> Result<Zeroizing<Vec<u8>>, Refused> {
        let mut length = size;
        let mut secret = Zeroizing::new(vec![0; length]);
        // SAFETY: the buffer has the given length.
        let result = unsafe {
            (self.libcrypto().EVP_PKEY_derive)(self.ctx.as_ptr(), secret.as_mut_ptr(), &raw mut length)
        };
        succeed(result, "derive the secret")?;
        secret.truncate(length);
        Ok(secret)
    }

    /// The size of the secret.
    ///
    /// # Errors
    /// There is no peer.
    pub(crate) fn secret_size(&mut self) -> Result<usize, Refused> {
        let mut length = 0;
        // SAFETY: a NULL buffer asks for the size.
        let result = unsafe {
            (self.libcrypto().EVP_PKEY_derive)(self.ctx.as_ptr(), ptr::null_mut(), &raw mut length)
        };
        succeed(result, "determine the size of the secret")?;
        Ok(length)
    }

    /// The largest possible size of the result.
    ///
    /// # Errors
    /// The operation was begun for another purpose.
    pub(crate) fn result_size(&mut self, purpose: Purpose, input: &[u8]) -> Result<usize, Refused> {
        let function = match purpose {
            Purpose::Sign => self.libcrypto().EVP_PKEY_sign,
            Purpose::VerifyRecover => self.libcrypto().EVP_PKEY_verify_recover,
            Purpose::Encrypt => self.libcrypto().EVP_PKEY_encrypt,
            Purpose::Decrypt => self.libcrypto().EVP_PKEY_decrypt,
            Purpose::Derive => return self.secret_size(),
            Purpose::Verify => return Err(Refused("determine the size of a verification")),
        };
        self.ask(function, input)
    }

    fn ask(&mut self, function: Transform, input: &[u8]) -> Result<usize, Refused> {
        let mut length = 0;
        // SAFETY: a NULL buffer asks for the size; the input has its length.
        let result = unsafe {
            function(self.ctx.as_ptr(), ptr::null_mut(), &raw mut length, input.as_ptr(), input.len())
        };
        succeed(result, "determine the size of the result")?;
        Ok(length)
    }

    fn transform(
        &mut self,
        function: Transform,
        input: &[u8],
        what: &'static str,
    ) -> Result<Zeroizing<Vec<u8>>, Refused> {
        let mut length = self.ask(function, input)?;
        let mut output = Zeroizing::new(vec![0; length]);
        // SAFETY: output buffer and input have the given lengths.
        let result = unsafe {
            function(self.ctx.as_ptr(), output.as_mut_ptr(), &raw mut length, input.as_ptr(), input.len())
        };
        succeed(result, what)?;
        output.truncate(length);
        Ok(output)
    }
}

/// The common signature of EVP_PKEY_sign, _verify_recover, _encrypt and _decrypt.
type Transform = unsafe extern "C" fn(*mut EVP_PKEY_CTX, *mut u8, *mut usize, *const u8, usize) -> i32;
