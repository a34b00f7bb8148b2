//! Signatures over a message with a digest, streaming or one-shot, in software (EVP_DigestSignInit(3ossl)).

use std::marker::PhantomData;
use std::ptr;

use super::Options;
use super::digest::new_md_ctx;
use super::owned::Owned;
use super::pkey::c_name;
use super::queue::succeed;
use super::{Pkey, Refused, Verdict};
use crate::ffi::libcrypto::Libcrypto;
use crate::ffi::params::Params;
use crate::ffi::sys::EVP_MD_CTX;

/// Sign or verify.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Direction {
    /// EVP_DigestSign(3ossl)
    Sign,
    /// EVP_DigestVerify(3ossl)
    Verify,
}

/// A signature over a message in progress.
pub(crate) struct Signer {
    ctx: Owned<EVP_MD_CTX>,
    direction: Direction,
    /// Keeps the private context alive as well.
    key: Pkey,
}

impl Signer {
    /// Begins a signature. Without a digest name, the key's default digest is used.
    ///
    /// # Errors
    /// The key does not support it, or the digest or a parameter is refused.
    pub(crate) fn new(
        key: &Pkey,
        direction: Direction,
        digest: Option<&str>,
        params: Params<'_>,
    ) -> Result<Self, Refused> {
        let libcrypto = key.libcrypto();
        let ctx = new_md_ctx(libcrypto)?;
        let digest = digest.map(c_name).transpose()?;
        let name = digest.as_ref().map_or(ptr::null(), |name| name.as_ptr());
        let init = match direction {
            Direction::Sign => libcrypto.EVP_DigestSignInit_ex,
            Direction::Verify => libcrypto.EVP_DigestVerifyInit_ex,
        };
        let (libctx, pkey) = (key.context().as_ptr(), key.as_ptr());
        // SAFETY: all pointers are alive, or NULL where the manual page allows it; the context counts the
        // key.
        let result =
            unsafe { init(ctx.as_ptr(), ptr::null_mut(), name, libctx, ptr::null(), pkey, params.as_ptr()) };
        succeed(result, "begin the signature")?;
        Ok(Self { ctx, direction, key: key.clone() })
    }

    /// Copies the signature in its current state.
    ///
    /// # Errors
    /// libcrypto is out of memory.
    pub(crate) fn try_clone(&self) -> Result<Self, Refused> {
        let ctx = new_md_ctx(self.libcrypto())?;
        // SAFETY: both contexts are alive.
        let result = unsafe { (self.libcrypto().EVP_MD_CTX_copy_ex)(ctx.as_ptr(), self.ctx.as_ptr()) };
        succeed(result, "copy the signature")?;
        Ok(Self { ctx, direction: self.direction, key: self.key.clone() })
    }

    /// Sign or verify.
    pub(crate) const fn direction(&self) -> Direction {
        self.direction
    }

    fn libcrypto(&self) -> &Libcrypto {
        self.key.libcrypto()
    }

    /// The parameters of the signature.
    pub(crate) fn options(&mut self) -> Options<'_> {
        // SAFETY: the context is alive and was initialized for a signature, so it owns a key context.
        let ctx = unsafe { (self.libcrypto().EVP_MD_CTX_get_pkey_ctx)(self.ctx.as_ptr()) };
        Options { ctx, libcrypto: self.libcrypto(), borrow: PhantomData }
    }

    /// Adds a part of the message.
    ///
    /// # Errors
    /// The signature was already finished.
    pub(crate) fn update(&mut self, part: &[u8]) -> Result<(), Refused> {
        let update = match self.direction {
            Direction::Sign => self.libcrypto().EVP_DigestSignUpdate,
            Direction::Verify => self.libcrypto().EVP_DigestVerifyUpdate,
        };
        // SAFETY: the context is alive, the part has its length.
        succeed(
            unsafe { update(self.ctx.as_ptr(), part.as_ptr().cast(), part.len()) },
            "continue the signature",
        )
    }

    /// The largest possible size of the signature.
    ///
    /// # Errors
    /// It is a verification.
    pub(crate) fn size(&mut self) -> Result<usize, Refused> {
        let mut length = 0;
        // SAFETY: a NULL buffer asks for the size.
        let result = unsafe {
            (self.libcrypto().EVP_DigestSignFinal)(self.ctx.as_ptr(), ptr::null_mut(), &raw mut length)
        };
        succeed(result, "determine the size of the signature")?;
        Ok(length)
    }

    /// Finishes the message and signs it.
    ///
    /// # Errors
    /// The key is public, or the padding does not fit.
    pub(crate) fn sign(&mut self) -> Result<Vec<u8>, Refused> {
        let mut length = self.size()?;
        let mut signature = vec![0; length];
        // SAFETY: the buffer has the given length.
        let result = unsafe {
            (self.libcrypto().EVP_DigestSignFinal)(self.ctx.as_ptr(), signature.as_mut_ptr(), &raw mut length)
        };
        succeed(result, "sign")?;
        signature.truncate(length);
        Ok(signature)
    }

    /// Finishes the message and verifies its signature.
    pub(crate) fn verify(&mut self, signature: &[u8]) -> Verdict {
        // SAFETY: the context is alive, the signature has its length.
        Verdict(unsafe {
            (self.libcrypto().EVP_DigestVerifyFinal)(self.ctx.as_ptr(), signature.as_ptr(), signature.len())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Generator, Operation, PrivateContext, Purpose, Selection};
    use super::*;
    use crate::ffi::params::ParamList;

    #[test]
    fn a_software_key_signs_and_its_public_half_verifies() {
        let context = PrivateContext::for_tests();
        let mut generator = Generator::new(&context, c"EC", Selection::KEYPAIR).unwrap();
        let mut params = ParamList::new();
        generator.set_params(params.text(c"group", "P-256").as_params()).unwrap();
        let key = generator.generate(&crate::ffi::callback::Progress::none()).unwrap();
        let point = key.encoded_point().unwrap();
        let public = Pkey::public_ec(&context, "prime256v1", &point).unwrap();
        assert!(
            public.public_eq(&key) && key.public_eq(&public) && public.is_valid(Selection::PUBLIC, false)
        );
        assert_eq!((public.bits(), public.text(c"group").as_deref()), (256, Some("prime256v1")));

        let mut signer = Signer::new(&key, Direction::Sign, Some("sha3-256"), Params::none()).unwrap();
        signer.update(b"mess").unwrap();
        let mut copy = signer.try_clone().unwrap();
        copy.update(b"age").unwrap();
        let signature = copy.sign().unwrap();
        for (message, right) in [(b"message", true), (b"massage", false)] {
            let mut verifier =
                Signer::new(&public, Direction::Verify, Some("SHA3-256"), Params::none()).unwrap();
            verifier.update(message).unwrap();
            assert_eq!(verifier.verify(&signature).is_valid_signature(), right);
        }
        assert!(
            context.libcrypto().quietly(|| Pkey::public_ec(&context, "P-256", &[4; 65])).is_err(),
            "not on the curve"
        );
    }

    #[test]
    fn a_verification_parses_every_spelling_of_a_signature_option() {
        let context = PrivateContext::for_tests();
        let mut modulus = vec![0xc5; 256];
        *modulus.last_mut().unwrap() = 1;
        let key = Pkey::public_rsa(&context, c"RSA", &modulus, &[1, 0, 1], None).unwrap();
        let mut shadow = Operation::new(&key, Purpose::Verify, Params::none()).unwrap();
        assert_eq!(shadow.options().int(c"pad-mode"), Some(1));
        assert_eq!(shadow.options().text(c"digest"), None);
        let mut params = ParamList::new();
        params.text(c"digest", "SHA-384").text(c"pad-mode", "pss").text(c"saltlen", "digest");
        shadow.options().set(params.text(c"mgf1-digest", "sha1").as_params()).unwrap();
        let mut second = shadow.try_clone().unwrap();
        let mut options = second.options();
        assert_eq!((options.int(c"pad-mode"), options.int(c"saltlen")), (Some(6), Some(-1)));
        assert_eq!(options.text(c"digest").as_deref(), Some("SHA-384"), "as the caller spelled it");
        assert_eq!(options.text(c"mgf1-digest").as_deref(), Some("sha1"));
        let mut params = ParamList::new();
        assert!(
            context
                .libcrypto()
                .quietly(|| options.set(params.text(c"digest", "nonsense").as_params()))
                .is_err()
        );
    }
}
