//! The fake TPM key of the crate `operations`, with its public half in OpenSSL.

use std::sync::{Arc, OnceLock};

use keyfile::{Curve, PublicKey, Scheme};
use operations::fake::Fake as FakeTpm;

use super::Request;
use super::shadow::Shadow;
use crate::error::Result;
use crate::ffi::crypto::{Digest, Operation, Pkey, PrivateContext, Purpose};
use crate::ffi::params::{ParamList, Params};

/// The private context of these tests.
pub(super) fn context() -> Arc<PrivateContext> {
    static CONTEXT: OnceLock<Arc<PrivateContext>> = OnceLock::new();
    Arc::clone(CONTEXT.get_or_init(PrivateContext::for_tests))
}

/// Both halves of a key.
pub(super) struct Fake {
    pub(super) tpm: FakeTpm,
    pub(super) key: Pkey,
}

impl Fake {
    pub(super) fn rsa(scheme: Scheme, decrypts: bool) -> Self {
        let tpm = FakeTpm::rsa(scheme, decrypts);
        let PublicKey::Rsa { modulus, .. } = &tpm.public.key else { panic!("an RSA key") };
        let key = Pkey::public_rsa(&context(), c"RSA", modulus, &[1, 0, 1], None).unwrap();
        Self { tpm, key }
    }

    pub(super) fn ec(scheme: Scheme, curve: Curve) -> Self {
        let tpm = FakeTpm::ec(scheme, curve);
        let PublicKey::Ecc { x, y, .. } = &tpm.public.key else { panic!("an EC key") };
        let point = [&[4], x.as_slice(), y].concat();
        let key = Pkey::public_ec(&context(), curve.openssl_name().unwrap(), &point).unwrap();
        Self { tpm, key }
    }

    /// Signs a message, or bytes without a digest, as a context does.
    pub(super) fn sign<S: super::Scheme>(
        &self,
        digest: Option<&str>,
        message: &[u8],
        options: &mut ParamList,
    ) -> Result<Vec<u8>> {
        let algorithm = digest.map(|name| Digest::fetch(self.key.context(), name)).transpose()?;
        let bytes = algorithm.as_ref().map_or_else(|| Ok(message.to_vec()), |known| known.of(&[message]))?;
        let mut shadow = Shadow::new(self.key.clone(), algorithm.clone());
        shadow.set(options.as_params())?;
        S::sign(Request {
            key: &self.tpm,
            public: &self.key,
            shadow: &mut shadow,
            digest: &bytes,
            algorithm: algorithm.as_ref(),
            message: algorithm.is_some().then_some(message),
        })
    }

    /// Signs a message, and lets OpenSSL verify the signature with the same options.
    pub(super) fn check<S: super::Scheme>(&self, digest: &str, mut options: ParamList) -> Result<()> {
        let signature = self.sign::<S>(Some(digest), b"message", &mut options)?;
        let bytes = Digest::fetch(self.key.context(), digest)?.of(&[b"message"])?;
        let mut operation = Operation::new(&self.key, Purpose::Verify, Params::none())?;
        operation.options().set(ParamList::new().text(c"digest", digest).as_params())?;
        operation.options().set(options.as_params())?;
        assert!(operation.verify(&signature, &bytes).is_valid_signature(), "{digest}");
        Ok(())
    }
}
