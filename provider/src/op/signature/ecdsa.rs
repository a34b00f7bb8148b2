//! ECDSA signatures in the TPM.

use std::sync::OnceLock;

use keyfile::{HashAlg, PublicKey, Scheme as KeyScheme, Signature};

use super::der;
use super::label::labelled;
use super::{Request, Scheme, Shadow, is_restricted, restricted_to, tpm_hash};
use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::{Digest, Operation, Pkey, Purpose};
use crate::ffi::params::{Descriptor, Descriptors, Kind, Params, settable};
use crate::private::{Private, TpmSalt};

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

    fn accepts(key: &dyn Private, public: &Pkey, digest: &Digest) -> Result<()> {
        let fixed = fixed(key)?;
        if let (Some(hash), true) = (fixed, is_restricted(key)) {
            return if tpm_hash(digest) == Some(hash) { Ok(()) } else { Err(restricted_to(hash)) };
        }
        if labelled(&vec![0xff; digest.size()], order_bits(public), fixed).is_empty() {
            return Err(too_long(digest.size(), fixed));
        }
        Ok(())
    }

    fn settle(_: &dyn Private, _: &Pkey, _: &mut Shadow, _: &OnceLock<TpmSalt>) -> Result<()> {
        Ok(())
    }

    fn sign(request: Request<'_>) -> Result<Vec<u8>> {
        let fixed = fixed(request.key)?;
        signature(&request, fixed)
    }
}

/// The only hash that the key signs with, if it is restricted to one.
fn fixed(key: &dyn Private) -> Result<Option<HashAlg>> {
    let PublicKey::Ecc { scheme, .. } = key.public().key else {
        return Err(Error::new(Reason::WrongKey, "an ECDSA signature needs an EC key"));
    };
    match scheme {
        KeyScheme::Null => Ok(None),
        KeyScheme::Ecdsa(hash) => Ok(Some(hash)),
        other => {
            let text = format!("the key is restricted to {other} and cannot sign with ECDSA");
            Err(Error::new(Reason::WrongKey, text))
        }
    }
}

fn order_bits(public: &Pkey) -> usize {
    usize::try_from(public.bits()).unwrap_or_default()
}

/// Tries the labels, the shortest first. A TPM may lack some of them, and to query them would cost each
/// process a command.
fn signature(request: &Request<'_>, fixed: Option<HashAlg>) -> Result<Vec<u8>> {
    let mut refused = None;
    for (hash, digest) in labelled(request.digest, order_bits(request.public), fixed) {
        match request.sign(&digest, hash, keyfile::AlgId::ECDSA) {
            Ok(answer) => {
                let Signature::Ecc { r, s, .. } = answer.value else { return Err(wrong_result()) };
                let signature = der::signature(&r, &s).ok_or_else(wrong_result)?;
                if answer.authenticated || verifies(request, &signature) {
                    return Ok(signature);
                }
                return Err(wrong_result());
            }
            Err(error) if error.reason() == Reason::TpmUnsupported => refused = Some(error),
            Err(error) => return Err(error),
        }
    }
    let error = too_long(request.digest.len(), fixed);
    Err(match refused {
        Some(refused) => error.with_source(refused),
        None => error,
    })
}

#[cold]
#[inline(never)]
fn too_long(length: usize, fixed: Option<HashAlg>) -> Error {
    let text = match fixed {
        Some(hash) => {
            format!("a digest of {length} bytes is too long for {hash}, the only hash of the key")
        }
        None => format!("a digest of {length} bytes is too long for every hash that this TPM signs with"),
    };
    Error::new(Reason::Digest, text)
}

/// Verifies a result that no session protected, before the caller gets it.
#[inline(never)]
fn verifies(request: &Request<'_>, signature: &[u8]) -> bool {
    request
        .public
        .quietly(|| {
            let mut operation = Operation::new(request.public, Purpose::Verify, Params::none())?;
            Ok::<_, crate::ffi::crypto::Refused>(
                operation.verify(signature, request.digest).is_valid_signature(),
            )
        })
        .unwrap_or_default()
}

fn wrong_result() -> Error {
    let text = "the TPM's signature does not verify and was discarded: it was altered on the way, or the TPM is faulty";
    Error::new(Reason::Integrity, text)
}

#[cfg(test)]
mod tests {
    use super::super::fake::Fake;
    use super::*;
    use crate::ffi::params::ParamList;
    use keyfile::Curve;

    fn verifies(fake: &Fake, digest: &str, message: &[u8], signature: &[u8]) -> bool {
        let algorithm = Digest::fetch(fake.key.context(), digest).unwrap();
        let digest_bytes = algorithm.of(&[message]).unwrap();
        fake.verification(Some(digest), &mut ParamList::new())
            .unwrap()
            .verify(signature, &digest_bytes)
            .is_valid_signature()
    }

    #[test]
    fn every_digest_signs_on_every_curve() {
        for curve in [Curve::P224, Curve::P256, Curve::P384, Curve::P521] {
            for fixed in [KeyScheme::Null, KeyScheme::Ecdsa(HashAlg::Sha512)] {
                let fake = Fake::ec(fixed, curve);
                for digest in ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3-256", "md5-sha1"]
                {
                    let signature =
                        fake.sign::<Ecdsa>(Some(digest), b"message", &mut ParamList::new()).unwrap();
                    assert!(verifies(&fake, digest, b"message", &signature), "{curve} {digest}");
                }
            }
        }
    }

    #[test]
    fn a_tpm_that_lacks_a_hash_signs_with_a_longer_one() {
        let mut fake = Fake::ec(KeyScheme::Null, Curve::P256);
        fake.hashes = &[HashAlg::Sha1, HashAlg::Sha384];
        let signature = fake.sign::<Ecdsa>(Some("sha256"), b"message", &mut ParamList::new()).unwrap();
        assert!(verifies(&fake, "sha256", b"message", &signature));
        let mut fake = Fake::ec(KeyScheme::Null, Curve::P521);
        fake.hashes = &[HashAlg::Sha1, HashAlg::Sha256, HashAlg::Sha384];
        assert!(fake.sign::<Ecdsa>(Some("sha384"), b"message", &mut ParamList::new()).is_ok());
        let error = fake.sign::<Ecdsa>(Some("sha512"), b"message", &mut ParamList::new()).unwrap_err();
        assert!(error.to_string().contains("64 bytes"), "{error}");
    }

    #[test]
    fn an_unprotected_result_is_verified_before_it_is_returned() {
        let mut fake = Fake::ec(KeyScheme::Null, Curve::P256);
        fake.authenticated = false;
        assert!(fake.sign::<Ecdsa>(Some("sha256"), b"message", &mut ParamList::new()).is_ok());
        fake.faulty = true;
        let error = fake.sign::<Ecdsa>(Some("sha256"), b"message", &mut ParamList::new()).unwrap_err();
        assert_eq!(error.reason(), Reason::Integrity);
    }

    #[test]
    fn a_restricted_key_signs_messages_with_its_digest_only() {
        let mut fake = Fake::ec(KeyScheme::Ecdsa(HashAlg::Sha256), Curve::P256);
        fake.public.attributes = fake.public.attributes.union(keyfile::Attributes::RESTRICTED);
        let signature = fake.sign::<Ecdsa>(Some("SHA-256"), b"message", &mut ParamList::new()).unwrap();
        assert!(verifies(&fake, "sha256", b"message", &signature));
        for digest in [Some("sha3-256"), Some("sha384"), None] {
            let error = fake.sign::<Ecdsa>(digest, b"message", &mut ParamList::new()).unwrap_err();
            assert!(error.to_string().contains("restricted"), "{error}");
        }
        fake.authenticated = false;
        fake.faulty = true;
        let error = fake.sign::<Ecdsa>(Some("sha256"), b"message", &mut ParamList::new()).unwrap_err();
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
