//! Digests by name, one-shot or streaming.

use std::ffi::{CStr, CString};
use std::ptr;
use std::sync::Arc;

use super::owned::Owned;
use super::queue::succeed;
use super::{PrivateContext, Refused};
use crate::ffi::libcrypto::Libcrypto;
use crate::ffi::sys::{EVP_MD, EVP_MD_CTX};

/// EVP_MAX_MD_SIZE
const MAX_DIGEST: usize = 64;

/// A digest algorithm.
pub(crate) struct Digest {
    md: Owned<EVP_MD>,
    size: usize,
    asked: Arc<str>,
    context: Arc<PrivateContext>,
}

impl Digest {
    /// Fetches the digest by any name or OID that the software provider knows.
    ///
    /// # Errors
    /// The digest is unknown or has no fixed size (an XOF without a size cannot be signed).
    pub(crate) fn fetch(context: &Arc<PrivateContext>, name: &str) -> Result<Self, Refused> {
        const WHAT: &str = "find the digest";
        let libcrypto = context.libcrypto();
        let asked = Arc::from(name);
        let name = CString::new(name).map_err(|_| Refused(WHAT))?;
        // SAFETY: context and name are valid, NULL properties are allowed (EVP_MD_fetch(3ossl)).
        let md = unsafe { (libcrypto.EVP_MD_fetch)(context.as_ptr(), name.as_ptr(), ptr::null()) };
        // SAFETY: NULL, or ours by EVP_MD_fetch(3ossl).
        let md = unsafe { Owned::new(md, libcrypto.EVP_MD_free, WHAT) }?;
        // SAFETY: the digest is alive.
        let size = unsafe { (libcrypto.EVP_MD_get_size)(md.as_ptr()) };
        let size = usize::try_from(size).map_err(|_| Refused(WHAT))?;
        Ok(Self { md, size, asked, context: Arc::clone(context) })
    }

    /// The name by which the caller fetched it.
    pub(crate) fn asked(&self) -> &str {
        &self.asked
    }

    /// The size of a digest value in bytes.
    pub(crate) const fn size(&self) -> usize {
        self.size
    }

    /// The first name, as the provider spells it (`SHA2-256`).
    pub(crate) fn name(&self) -> &str {
        // SAFETY: the digest is alive, and so is its name EVP_MD_get0_name(3ossl)).
        let name = unsafe { (self.libcrypto().EVP_MD_get0_name)(self.md.as_ptr()) };
        if name.is_null() {
            return "";
        }
        // SAFETY: not NULL, ends with NUL, lives as long as the digest.
        unsafe { CStr::from_ptr(name) }.to_str().unwrap_or_default()
    }

    /// Returns true if `name` is one of its names or its OID.
    pub(crate) fn is_a(&self, name: &str) -> bool {
        let Ok(name) = CString::new(name) else { return false };
        // SAFETY: the digest is alive, the name ends with NUL.
        unsafe { (self.libcrypto().EVP_MD_is_a)(self.md.as_ptr(), name.as_ptr()) == 1 }
    }

    fn libcrypto(&self) -> &Libcrypto {
        self.context.libcrypto()
    }

    /// Computes the digest of a message in parts.
    ///
    /// # Errors
    /// libcrypto is out of memory.
    pub(crate) fn of(&self, parts: &[&[u8]]) -> Result<Vec<u8>, Refused> {
        let mut hasher = Hasher::new(self)?;
        for part in parts {
            hasher.update(part)?;
        }
        hasher.finish()
    }
}

impl Clone for Digest {
    fn clone(&self) -> Self {
        // SAFETY: the digest is alive. Counting a fetched digest up by one cannot fail.
        unsafe { (self.libcrypto().EVP_MD_up_ref)(self.md.as_ptr()) };
        // SAFETY: it was just counted.
        let md = unsafe { self.md.counted() };
        Self { md, size: self.size, asked: Arc::clone(&self.asked), context: Arc::clone(&self.context) }
    }
}

/// A digest computation in progress.
pub(crate) struct Hasher {
    ctx: Owned<EVP_MD_CTX>,
    digest: Digest,
}

impl Hasher {
    /// Begins a digest.
    ///
    /// # Errors
    /// libcrypto is out of memory.
    pub(crate) fn new(digest: &Digest) -> Result<Self, Refused> {
        let mut hasher = Self { ctx: new_md_ctx(digest.libcrypto())?, digest: digest.clone() };
        hasher.restart()?;
        Ok(hasher)
    }

    /// Restarts the digest.
    ///
    /// # Errors
    /// libcrypto is out of memory.
    pub(crate) fn restart(&mut self) -> Result<(), Refused> {
        // SAFETY: both are alive; NULL parameters are allowed EVP_DigestInit_ex2(3ossl)).
        let result = unsafe {
            (self.digest.libcrypto().EVP_DigestInit_ex2)(
                self.ctx.as_ptr(),
                self.digest.md.as_ptr(),
                ptr::null(),
            )
        };
        succeed(result, "begin the digest")
    }

    /// The algorithm.
    pub(crate) const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Adds a part of the message.
    ///
    /// # Errors
    /// The digest was finished.
    pub(crate) fn update(&mut self, part: &[u8]) -> Result<(), Refused> {
        // SAFETY: the context is alive, the part has its length.
        let result = unsafe {
            (self.digest.libcrypto().EVP_DigestUpdate)(self.ctx.as_ptr(), part.as_ptr().cast(), part.len())
        };
        succeed(result, "continue the digest")
    }

    /// Finishes the message and returns its digest.
    ///
    /// # Errors
    /// The digest was already finished.
    pub(crate) fn finish(&mut self) -> Result<Vec<u8>, Refused> {
        let mut bytes = vec![0; self.digest.size.max(MAX_DIGEST)];
        let mut length = 0;
        // SAFETY: the buffer holds EVP_MAX_MD_SIZE bytes at least, and the digest's size.
        let result = unsafe {
            (self.digest.libcrypto().EVP_DigestFinal_ex)(
                self.ctx.as_ptr(),
                bytes.as_mut_ptr(),
                &raw mut length,
            )
        };
        succeed(result, "finish the digest")?;
        bytes.truncate(usize::try_from(length).unwrap_or_default());
        Ok(bytes)
    }

    /// Copies the computation in its current state.
    ///
    /// # Errors
    /// libcrypto is out of memory.
    pub(crate) fn try_clone(&self) -> Result<Self, Refused> {
        let libcrypto = self.digest.libcrypto();
        let ctx = new_md_ctx(libcrypto)?;
        // SAFETY: both contexts are alive.
        let result = unsafe { (libcrypto.EVP_MD_CTX_copy_ex)(ctx.as_ptr(), self.ctx.as_ptr()) };
        succeed(result, "copy the digest")?;
        Ok(Self { ctx, digest: self.digest.clone() })
    }
}

/// Creates an empty EVP_MD_CTX.
pub(super) fn new_md_ctx(libcrypto: &Libcrypto) -> Result<Owned<EVP_MD_CTX>, Refused> {
    // SAFETY: has no preconditions.
    let ctx = unsafe { (libcrypto.EVP_MD_CTX_new)() };
    // SAFETY: NULL or ours.
    unsafe { Owned::new(ctx, libcrypto.EVP_MD_CTX_free, "make a digest context") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_found_by_every_spelling() {
        let context = PrivateContext::for_tests();
        for name in ["sha256", "SHA256", "SHA2-256", "2.16.840.1.101.3.4.2.1"] {
            let digest = Digest::fetch(&context, name).unwrap();
            assert_eq!((digest.size(), digest.name()), (32, "SHA2-256"));
            // FIPS 180-4, "abc"
            assert_eq!(digest.of(&[b"a", b"bc"]).unwrap()[..4], [0xba, 0x78, 0x16, 0xbf]);
        }
        assert!(quiet_fetch(&context, "no-such-digest").is_err());
    }

    #[test]
    fn a_copied_digest_is_independent() {
        let context = PrivateContext::for_tests();
        let digest = Digest::fetch(&context, "sha1").unwrap();
        let mut first = Hasher::new(&digest).unwrap();
        first.update(b"a").unwrap();
        let mut second = first.try_clone().unwrap();
        first.update(b"x").unwrap();
        second.update(b"bc").unwrap();
        assert_eq!(second.finish().unwrap(), digest.of(&[b"abc"]).unwrap());
        assert_eq!(first.finish().unwrap(), digest.of(&[b"ax"]).unwrap());
    }

    fn quiet_fetch(context: &Arc<PrivateContext>, name: &str) -> Result<Digest, Refused> {
        context.libcrypto().quietly(|| Digest::fetch(context, name))
    }
}
