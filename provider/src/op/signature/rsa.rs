//! RSA signatures in the TPM.
//!
//! TPM2_Sign supports only the TPM's digests, and many chips always use the largest PSS salt, which breaks
//! TLS 1.3. So a key that may decrypt signs with TPM2_RSA_Decrypt and scheme NULL, the bare private
//! operation, on a block that is padded in this module. TPM2_Sign is used if the key may not do that or the
//! TPM forbids it.
//!
//! Software verifies a result that no session protected before the caller gets it. It also verifies PSS
//! signatures that TPM2_Sign padded, because the salt may have another length than requested.

use std::sync::OnceLock;

use keyfile::{Attributes, Public, PublicKey, Scheme as KeyScheme, Signature};
use missing::pkcs1::rejection::SIGNED_DIGEST;
use tpm::RawRsa;
use zeroize::Zeroizing;

use super::limit::Limit;
use super::padding::Padding;
use super::salt;
use super::shadow::Shadow;
use super::tpm_scheme;
use super::{Request, Scheme, is_restricted, restricted_to};
use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::{Digest, Pkey};
use crate::ffi::params::{Descriptor, Descriptors, Kind, Params, joined};
use crate::private::{Private, TpmSalt};

/// TPM2-RSA.
pub(crate) struct Rsa;

impl Scheme for Rsa {
    const IS_PLAIN: bool = false;

    fn settable(in_message: bool) -> &'static Descriptors {
        static DIGEST: Descriptors = Descriptors::new(&{
            const LIST: [Descriptor; 7] = joined(&[OF_DIGEST, OF_PADDING]);
            LIST
        });
        static MESSAGE: Descriptors = Descriptors::new(&{
            const LIST: [Descriptor; 5] = joined(&[OF_PADDING]);
            LIST
        });
        if in_message { &MESSAGE } else { &DIGEST }
    }

    fn gettable() -> &'static Descriptors {
        static LIST: Descriptors = Descriptors::new(&[
            Descriptor::new(c"algorithm-id", Kind::Bytes),
            Descriptor::new(c"digest", Kind::Text),
            Descriptor::new(c"pad-mode", Kind::Text),
            Descriptor::new(c"saltlen", Kind::Text),
            Descriptor::new(c"mgf1-digest", Kind::Text),
            Descriptor::END,
        ]);
        &LIST
    }

    fn refuse(_params: Params<'_>) -> Result<()> {
        Ok(())
    }

    fn accepts(key: &dyn Private, _: &Pkey, digest: &Digest) -> Result<()> {
        if may_sign_by_decryption(key) {
            return Ok(());
        }
        let limit = Limit::of(key.public())?;
        let hash = limit.hash(Some(digest))?;
        match key.public().key.scheme() {
            Some(scheme) if scheme.hash().is_some_and(|fixed| fixed != hash) => {
                let fixed = scheme.hash().unwrap_or(hash);
                if is_restricted(key) {
                    Err(restricted_to(fixed))
                } else {
                    Err(tpm_scheme::restricted_to_scheme(scheme, hash))
                }
            }
            _ => Ok(()),
        }
    }

    fn settle(
        key: &dyn Private,
        public: &Pkey,
        shadow: &mut Shadow,
        known: &OnceLock<TpmSalt>,
    ) -> Result<()> {
        let padding = Padding::read(shadow)?;
        if !padding.leaves_salt_open() || salt::is_free(key, public, &padding, shadow)? {
            return Ok(());
        }
        // Reports what the key cannot do before the TPM makes a signature in vain.
        tpm_scheme::of(key.public(), Limit::of(key.public())?, &padding, shadow.digest()?.as_ref())?;
        salt::settle(key, public, shadow, known)
    }

    fn sign(mut request: Request<'_>) -> Result<Vec<u8>> {
        // The value may also follow a DigestInfo or a padding of the caller.
        if request.digest.ends_with(&SIGNED_DIGEST) {
            return Err(reserved_for_rejection());
        }
        let padding = Padding::read(request.shadow)?;
        if may_sign_by_decryption(request.key) {
            match by_decryption(&mut request, &padding) {
                // The TPM has just refused raw RSA.
                Err(_) if request.key.raw_rsa() == Some(RawRsa::Forbidden) => {}
                done => return done,
            }
        }
        by_signing(&mut request, &padding)
    }
}

const OF_DIGEST: &[Descriptor] =
    &[Descriptor::new(c"digest", Kind::Text), Descriptor::new(c"properties", Kind::Text)];

const OF_PADDING: &[Descriptor] = &[
    Descriptor::new(c"pad-mode", Kind::Text),
    Descriptor::new(c"mgf1-digest", Kind::Text),
    Descriptor::new(c"mgf1-properties", Kind::Text),
    Descriptor::new(c"saltlen", Kind::Text),
];

/// Returns true if the key can do the bare private operation, as far as the TPM is known.
pub(super) fn may_sign_by_decryption(key: &dyn Private) -> bool {
    decrypts_anything(key.public()) && key.raw_rsa() != Some(RawRsa::Forbidden)
}

/// Returns true if the key may do the bare private operation: it may decrypt everything with every scheme.
pub(super) fn decrypts_anything(public: &Public) -> bool {
    public.attributes.contains(Attributes::DECRYPT)
        && !public.attributes.contains(Attributes::RESTRICTED)
        && public.key.scheme() == Some(KeyScheme::Null)
}

fn by_decryption(request: &mut Request<'_>, padding: &Padding) -> Result<Vec<u8>> {
    let block = Zeroizing::new(padding.block(request.public, request.digest, request.algorithm)?);
    let PublicKey::Rsa { modulus, .. } = &request.key.public().key else { return Err(no_rsa_key()) };
    // TPM 2.0 Part 3 §14.3: the value must be below the modulus; otherwise libtpms enters failure mode.
    if block.len() != modulus.len() || block.as_slice() >= modulus.as_slice() {
        return Err(Error::new(Reason::Padding, "the value to sign is not below the modulus"));
    }
    let answer = request.key.rsa_sign(&block)?;
    // Some TPMs leave out leading zeros.
    let zeros = modulus.len().checked_sub(answer.value.len()).ok_or_else(wrong_result)?;
    let mut signature = vec![0; zeros];
    signature.extend_from_slice(&answer.value);
    if answer.authenticated || verifies(request.shadow, &signature, request.digest) {
        return Ok(signature);
    }
    Err(wrong_result())
}

fn by_signing(request: &mut Request<'_>, padding: &Padding) -> Result<Vec<u8>> {
    let limit = Limit::of(request.key.public())?;
    let (scheme, hash) = tpm_scheme::of(request.key.public(), limit, padding, request.algorithm)?;
    let answer =
        request.sign(request.digest, hash, scheme.id()).map_err(|error| limit.refused(hash, error))?;
    let Signature::Rsa { bytes, .. } = answer.value else { return Err(wrong_result()) };
    let salted = matches!(padding, Padding::Pss { .. });
    if (answer.authenticated && !salted) || verifies(request.shadow, &bytes, request.digest) {
        return Ok(bytes);
    }
    if let (true, Some(own)) = (salted, salt::of(request.shadow, &bytes, request.digest)) {
        if padding.leaves_salt_open() {
            return Ok(bytes);
        }
        return Err(limit.salt(own));
    }
    Err(wrong_result())
}

pub(super) fn verifies(shadow: &mut Shadow, signature: &[u8], digest: &[u8]) -> bool {
    let public = shadow.public().clone();
    public.quietly(|| {
        shadow.operation().is_ok_and(|operation| operation.verify(signature, digest).is_valid_signature())
    })
}

fn reserved_for_rejection() -> Error {
    let text = "this value is not signed: its signature is the secret that hides wrong PKCS#1 v1.5 paddings";
    Error::new(Reason::Digest, text)
}

fn no_rsa_key() -> Error {
    Error::new(Reason::WrongKey, "an RSA signature needs an RSA key")
}

fn wrong_result() -> Error {
    let text = "the TPM's signature does not verify and was discarded: it was altered on the way, or the TPM is faulty";
    Error::new(Reason::Integrity, text)
}

#[cfg(test)]
mod tests {
    use keyfile::HashAlg;

    use super::super::fake::Fake;
    use super::*;
    use crate::ffi::crypto::Restrictions;
    use crate::ffi::params::ParamList;

    fn pss(salt: &str, mgf1: &str) -> ParamList {
        let mut list = ParamList::new();
        list.text(c"pad-mode", "pss").text(c"saltlen", salt).text(c"mgf1-digest", mgf1);
        list
    }

    fn check(fake: &Fake, digest: &str, mut options: ParamList) -> Result<()> {
        let signature = fake.sign::<Rsa>(Some(digest), b"message", &mut options)?;
        let algorithm = Digest::fetch(fake.key.context(), digest)?;
        let bytes = algorithm.of(&[b"message"])?;
        let verdict = fake.verification(Some(digest), &mut options)?.verify(&signature, &bytes);
        assert!(verdict.is_valid_signature(), "{digest}");
        Ok(())
    }

    #[test]
    fn a_key_that_may_decrypt_signs_everything() {
        let fake = Fake::rsa(KeyScheme::Null, true);
        for digest in
            ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3-256", "sha512-256", "md5-sha1"]
        {
            check(&fake, digest, ParamList::new()).unwrap();
        }
        for (salt, mgf1) in
            [("digest", "sha1"), ("max", "sha512"), ("auto", "sha3-256"), ("0", "md5"), ("7", "sha256")]
        {
            check(&fake, "sha256", pss(salt, mgf1)).unwrap();
        }
        let mut integers = ParamList::new();
        integers.int(c"pad-mode", 6).text(c"saltlen", "-1");
        check(&fake, "sha384", integers).unwrap();
        let mut none = ParamList::new();
        none.text(c"pad-mode", "none");
        assert_eq!(fake.sign::<Rsa>(None, &[0x11; 256], &mut none).unwrap().len(), 256);
        assert_eq!(fake.sign::<Rsa>(None, &[0xff; 256], &mut none).unwrap_err().reason(), Reason::Padding);
        assert_eq!(fake.sign::<Rsa>(None, &[0x11; 255], &mut none).unwrap_err().reason(), Reason::Padding);
        assert!(fake.sign::<Rsa>(None, b"any bytes", &mut ParamList::new()).is_ok());
        assert_eq!(check(&fake, "sha256", pss("223", "sha256")).unwrap_err().reason(), Reason::Padding);
    }

    #[test]
    fn a_sign_only_key_signs_with_the_schemes_of_the_tpm() {
        let fake = Fake::rsa(KeyScheme::Null, false);
        check(&fake, "sha256", ParamList::new()).unwrap();
        check(&fake, "sha384", pss("auto", "sha384")).unwrap();
        check(&fake, "sha384", pss("max", "sha384")).unwrap();
        let error = check(&fake, "sha256", pss("digest", "sha256")).unwrap_err();
        assert!(error.to_string().contains("rsa_pss_saltlen:max"), "{error}");
        assert_eq!(check(&fake, "sha3-256", ParamList::new()).unwrap_err().reason(), Reason::Digest);
        let error = check(&fake, "sha256", pss("auto", "sha1")).unwrap_err();
        assert!(error.to_string().contains("MGF1"), "{error}");
    }

    #[test]
    fn the_secret_of_implicit_rejection_is_never_signed_for_a_caller() {
        let fake = Fake::rsa(KeyScheme::Null, true);
        // DigestInfo of SHA-256 (RFC 8017 §9.2, note 1).
        let info = [
            &b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"[..],
            &SIGNED_DIGEST,
        ]
        .concat();
        let block = [&[0, 1][..], &[0xff; 202], &[0], &info].concat();
        let mut none = ParamList::new();
        none.text(c"pad-mode", "none");
        let refusals = [
            fake.sign_digest::<Rsa>(Some("sha256"), &SIGNED_DIGEST, None, &mut ParamList::new()),
            fake.sign::<Rsa>(None, &info, &mut ParamList::new()),
            fake.sign::<Rsa>(None, &block, &mut none),
        ];
        for refused in refusals {
            let error = refused.unwrap_err();
            assert!(error.to_string().contains("is not signed"), "{error}");
        }
    }

    #[test]
    fn a_tpm_without_raw_rsa_signs_with_its_schemes() {
        let mut fake = Fake::rsa(KeyScheme::Null, true);
        fake.forbids_raw_rsa = true;
        fake.salt = "digest";
        for _ in 0..2 {
            for digest in ["sha1", "sha256", "sha384", "sha512"] {
                check(&fake, digest, ParamList::new()).unwrap();
                check(&fake, digest, pss("digest", digest)).unwrap();
                check(&fake, digest, pss("auto", digest)).unwrap();
            }
            let mut none = ParamList::new();
            none.text(c"pad-mode", "none");
            for (error, says) in [
                (check(&fake, "sha256", pss("max", "sha256")), "rsa_pss_saltlen:digest"),
                (check(&fake, "sha256", pss("auto", "sha1")), "rsa_mgf1_md"),
                (check(&fake, "sha3-256", ParamList::new()), "sha512 only"),
                (fake.sign::<Rsa>(None, b"any bytes", &mut ParamList::new()).map(drop), "sha512 only"),
                (fake.sign::<Rsa>(None, &[0x11; 256], &mut none).map(drop), "without padding"),
            ] {
                let text = error.unwrap_err().to_string();
                assert!(text.starts_with("this TPM forbids raw RSA") && text.contains(says), "{text}");
            }
        }
        assert_eq!(fake.raw_rsa(), Some(RawRsa::Forbidden));
        fake.public.attributes = Attributes::DECRYPT;
        let text = check(&fake, "sha256", ParamList::new()).unwrap_err().to_string();
        assert!(text.contains("may only decrypt") && text.contains("tpm2-keytool create"), "{text}");
    }

    #[test]
    fn a_key_with_a_scheme_signs_with_that_scheme_only() {
        let fake = Fake::rsa(KeyScheme::Rsapss(HashAlg::Sha256), false);
        check(&fake, "sha256", pss("auto", "sha256")).unwrap();
        let error = check(&fake, "sha256", ParamList::new()).unwrap_err();
        assert!(error.to_string().contains("RSAPSS sha256"), "{error}");
        assert!(check(&fake, "sha384", pss("auto", "sha384")).is_err());
    }

    #[test]
    fn an_unprotected_result_is_verified_before_it_is_returned() {
        for decrypts in [true, false] {
            let mut fake = Fake::rsa(KeyScheme::Null, decrypts);
            fake.authenticated = false;
            for faulty in [false, true] {
                fake.faulty = faulty;
                for options in [ParamList::new(), pss("auto", "sha256")] {
                    let reason = check(&fake, "sha256", options).map_err(|error| error.reason());
                    assert_eq!(reason, if faulty { Err(Reason::Integrity) } else { Ok(()) });
                }
            }
        }
    }

    /// The restrictions of the key require a salt as long as the digest, which this TPM does not produce.
    #[test]
    fn a_salt_that_the_caller_leaves_open_is_the_tpms_own() {
        let fake = Fake::rsa(KeyScheme::Rsapss(HashAlg::Sha256), false);
        let numbers = [c"n", c"e"].map(|name| fake.key.unsigned(name).unwrap());
        let restrictions = Restrictions { digest: "sha256", salt: 32 };
        let public =
            Pkey::public_rsa(fake.key.context(), c"RSA-PSS", &numbers[0], &numbers[1], Some(restrictions))
                .unwrap();
        let algorithm = Digest::fetch(fake.key.context(), "sha256").unwrap();
        let digest = algorithm.of(&[b"message"]).unwrap();
        for (salt, says) in [
            (None, None),
            (Some("auto"), None),
            (Some("max"), None),
            (Some("digest"), Some("rsa_pss_saltlen:max")),
        ] {
            let mut shadow = Shadow::new(public.clone(), Some(algorithm.clone()));
            if let Some(salt) = salt {
                shadow.set(ParamList::new().text(c"saltlen", salt).as_params()).unwrap();
            }
            let signed = Rsa::sign(Request {
                key: &fake,
                public: &public,
                shadow: &mut shadow,
                digest: &digest,
                algorithm: Some(&algorithm),
                message: None,
            });
            match says {
                None => assert_eq!(signed.unwrap().len(), 256, "{salt:?}"),
                Some(text) => assert!(signed.unwrap_err().to_string().contains(text), "{salt:?}"),
            }
        }
    }
}
