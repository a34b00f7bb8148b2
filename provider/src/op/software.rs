//! What an operation in the TPM needs of software, by OpenSSL: hash functions, random bytes, and the public half of the key.

use operations::{Failure, PublicHalf};
use zeroize::Zeroizing;

use super::signature::der;
use crate::ffi::crypto::{Digest, Operation, Pkey, Purpose, Selection, random};
use crate::ffi::params::{ParamList, Params};

/// Returns the digest for an operation in the TPM.
pub(super) fn digest(digest: &Digest) -> operations::Digest<'_> {
    operations::Digest::new(digest.name(), digest)
}

impl PublicHalf for Pkey {
    fn rsa(&self, block: &[u8]) -> Result<Vec<u8>, Failure> {
        // A key that is restricted to PSS has no operation without padding.
        let unrestricted = match self.is_a(c"RSA-PSS") {
            true => &self.copy_selected(c"RSA", Selection::PUBLIC_KEY)?,
            false => self,
        };
        let mut list = ParamList::new();
        let params = list.text(c"pad-mode", "none").as_params();
        // Not an encryption: OpenSSL's FIPS provider verifies with short keys, but does not encrypt.
        Ok(self.quietly(|| {
            Operation::new(unrestricted, Purpose::VerifyRecover, params)?.verify_recover(block)
        })?)
    }

    fn verifies_ecdsa(&self, digest: &[u8], r: &[u8], s: &[u8]) -> Result<bool, Failure> {
        let Some(signature) = der::signature(r, s) else { return Ok(false) };
        Ok(self.quietly(|| {
            let operation = Operation::new(self, Purpose::Verify, Params::none());
            operation.map(|mut whole| whole.verify(&signature, digest).is_valid_signature())
        })?)
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), Failure> {
        Ok(random(self.context(), buffer)?)
    }
}

impl missing::Hasher for Digest {
    fn size(&self) -> usize {
        Self::size(self)
    }

    fn hash(&self, parts: &[&[u8]], out: &mut [u8]) -> Result<(), Failure> {
        let digest = Zeroizing::new(self.of(parts)?);
        for (to, from) in out.iter_mut().zip(digest.iter()) {
            *to = *from;
        }
        Ok(())
    }
}
