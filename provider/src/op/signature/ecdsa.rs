//! ECDSA signatures in the TPM: the parameters of OpenSSL, and the signature by the crate `operations`.

use operations::{Memory, Private};

use super::{Request, Scheme, Shadow, der};
use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::{Digest, Pkey};
use crate::ffi::params::{Descriptor, Descriptors, Kind, Params, settable};
use crate::op::software;

/// TPM2-ECDSA.
pub(crate) struct Ecdsa;

settable! {
    /// A parameter that OpenSSL's own ECDSA has since 3.2 and a TPM does not support.
    struct Refused {
        /// 1 selects the deterministic nonce of RFC 6979.
        nonce_type: u32 = c"nonce-type",
    }
}

impl Ecdsa {
    /// The requested nonce type.
    ///
    /// # Errors
    /// The parameter has the wrong type.
    pub(super) fn nonce_type(params: Params<'_>) -> Result<Option<u32>> {
        Ok(Refused::read(params)?.nonce_type)
    }
}

impl Scheme for Ecdsa {
    const IS_PLAIN: bool = true;

    fn settable(in_message: bool) -> &'static Descriptors {
        static DIGEST: Descriptors = Descriptors::new(&[
            Descriptor::new(c"digest", Kind::Text),
            Descriptor::new(c"digest-size", Kind::Unsigned),
            Descriptor::new(c"properties", Kind::Text),
            Descriptor::new(c"nonce-type", Kind::Unsigned),
            Descriptor::END,
        ]);
        static MESSAGE: Descriptors =
            Descriptors::new(&[Descriptor::new(c"nonce-type", Kind::Unsigned), Descriptor::END]);
        if in_message { &MESSAGE } else { &DIGEST }
    }

    fn gettable() -> &'static Descriptors {
        static LIST: Descriptors = Descriptors::new(&[
            Descriptor::new(c"algorithm-id", Kind::Bytes),
            Descriptor::new(c"digest-size", Kind::Unsigned),
            Descriptor::new(c"digest", Kind::Text),
            Descriptor::new(c"nonce-type", Kind::Unsigned),
            Descriptor::END,
        ]);
        &LIST
    }

    fn refuse(params: Params<'_>) -> Result<()> {
        match Ecdsa::nonce_type(params)? {
            None | Some(0) => Ok(()),
            Some(_) => {
                let text = "a TPM generates the nonce of each signature itself, so nonce-type 1 (deterministic) is not possible";
                Err(Error::new(Reason::Unsupported, text)
                    .with_hint("use a software key for deterministic nonces"))
            }
        }
    }

    fn accepts(key: &dyn Private, digest: &Digest) -> Result<()> {
        Ok(operations::ecdsa::accepts(key, software::digest(digest))?)
    }

    fn settle(_: &dyn Private, _: &Pkey, _: &mut Shadow, _: &Memory) -> Result<()> {
        Ok(())
    }

    fn sign(request: Request<'_>) -> Result<Vec<u8>> {
        let signature = operations::ecdsa::sign(&request.input())?;
        der::signature(&signature.r, &signature.s)
            .ok_or_else(|| Error::new(Reason::Internal, "the signature cannot be encoded"))
    }
}

#[cfg(test)]
mod tests {
    use keyfile::{Curve, HashAlg, Scheme as KeyScheme};

    use super::super::fake::Fake;
    use super::*;
    use crate::ffi::params::ParamList;

    #[test]
    fn openssl_verifies_every_digest_on_every_curve() {
        for curve in [Curve::P256, Curve::P384, Curve::P521] {
            for fixed in [KeyScheme::Null, KeyScheme::Ecdsa(HashAlg::Sha512)] {
                let fake = Fake::ec(fixed, curve);
                for digest in ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3-256", "md5-sha1"]
                {
                    fake.check::<Ecdsa>(digest, ParamList::new()).unwrap();
                }
            }
        }
    }

    #[test]
    fn openssl_verifies_an_unprotected_result_before_it_is_returned() {
        let mut fake = Fake::ec(KeyScheme::Null, Curve::P256);
        fake.tpm.authenticated = false;
        fake.check::<Ecdsa>("sha256", ParamList::new()).unwrap();
        fake.tpm.faulty = true;
        let error = fake.check::<Ecdsa>("sha256", ParamList::new()).unwrap_err();
        assert_eq!(error.reason(), Reason::Integrity);
    }

    #[test]
    fn deterministic_nonces_are_refused() {
        let mut list = ParamList::new();
        let error = Ecdsa::refuse(list.unsigned(c"nonce-type", &[1]).as_params()).unwrap_err();
        assert!(error.to_string().contains("nonce-type"), "{error}");
        let mut list = ParamList::new();
        assert!(
            Ecdsa::refuse(list.unsigned(c"nonce-type", &[0]).text(c"digest", "sha256").as_params()).is_ok()
        );
    }
}
