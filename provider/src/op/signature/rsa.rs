//! RSA signatures in the TPM (`spec`: how RSA is done).
//!
//! TPM2_Sign knows only its own digests, and many chips fix the PSS salt to the largest size, which breaks TLS 1.3. So a
//! key that may decrypt signs by TPM2_RSA_Decrypt with scheme NULL, the bare private operation, over a block padded here.
//! Only a key that cannot do that goes through TPM2_Sign.
//!
//! A result that no session vouches for is verified in software before it leaves, and so is what TPM2_Sign padded by PSS:
//! its salt may have another length than was asked for.

use std::sync::OnceLock;

use keyfile::{AlgId, Attributes, HashAlg, Public, PublicKey, Scheme as KeyScheme, Signature};
use zeroize::Zeroizing;

use super::padding::Padding;
use super::salt;
use super::shadow::Shadow;
use super::{Request, Scheme, is_restricted, restricted_to, tpm_hash};
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
            const LIST: [Descriptor; 7] = joined(&[(true, OF_DIGEST), (true, OF_PADDING)]);
            LIST
        });
        static MESSAGE: Descriptors = Descriptors::new(&{
            const LIST: [Descriptor; 5] = joined(&[(true, OF_PADDING)]);
            LIST
        });
        if in_message { &MESSAGE } else { &DIGEST }
    }

    fn gettable() -> &'static Descriptors {
        static LIST: Descriptors = Descriptors::new(&[
            Descriptor::new(c"algorithm-id", Kind::Octets),
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
        if signs_by_decryption(key.public()) {
            return Ok(());
        }
        let hash = hash_of_tpm(Some(digest))?;
        match key.public().key.scheme() {
            Some(scheme) if scheme.hash().is_some_and(|fixed| fixed != hash) => {
                let fixed = scheme.hash().unwrap_or(hash);
                if is_restricted(key) { Err(restricted_to(fixed)) } else { Err(made_for(scheme, hash)) }
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
        if !padding.leaves_salt_open() || signs_by_decryption(key.public()) {
            return Ok(());
        }
        // What the key cannot do is said here, before the TPM is asked for a signature that nobody wants.
        scheme(key.public(), &padding, hash_of_tpm(shadow.digest()?.as_ref())?)?;
        salt::settle(key, public, shadow, known)
    }

    fn sign(mut request: Request<'_>) -> Result<Vec<u8>> {
        let padding = Padding::read(request.shadow)?;
        if signs_by_decryption(request.key.public()) {
            by_decryption(&mut request, &padding)
        } else {
            by_signing(&mut request, &padding)
        }
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

/// Whether the key does the bare private operation: it may decrypt anything, in any way.
fn signs_by_decryption(public: &Public) -> bool {
    public.attributes.contains(Attributes::DECRYPT)
        && !public.attributes.contains(Attributes::RESTRICTED)
        && public.key.scheme() == Some(KeyScheme::Null)
}

fn by_decryption(request: &mut Request<'_>, padding: &Padding) -> Result<Vec<u8>> {
    let block = Zeroizing::new(padding.block(request.public, request.digest, request.algorithm)?);
    let PublicKey::Rsa { modulus, .. } = &request.key.public().key else { return Err(no_rsa_key()) };
    // TPM 2.0 Part 3 §14.3: the value has to be below the modulus; libtpms goes into failure mode otherwise.
    if block.len() != modulus.len() || block.as_slice() >= modulus.as_slice() {
        return Err(Error::new(Reason::Padding, "the value to be signed is not below the modulus"));
    }
    let answer = request.key.rsa_sign(&block)?;
    // Some TPMs leave leading zeros out.
    let zeros = modulus.len().checked_sub(answer.value.len()).ok_or_else(wrong_result)?;
    let mut signature = vec![0; zeros];
    signature.extend_from_slice(&answer.value);
    if answer.authenticated || verifies(request.shadow, &signature, request.digest) {
        return Ok(signature);
    }
    Err(wrong_result())
}

fn by_signing(request: &mut Request<'_>, padding: &Padding) -> Result<Vec<u8>> {
    let hash = hash_of_tpm(request.algorithm)?;
    let scheme = scheme(request.key.public(), padding, hash)?;
    let answer = request.sign(request.digest, hash, scheme.id())?;
    let Signature::Rsa { octets, .. } = answer.value else { return Err(wrong_result()) };
    let salted = matches!(padding, Padding::Pss { .. });
    if (answer.authenticated && !salted) || verifies(request.shadow, &octets, request.digest) {
        return Ok(octets);
    }
    if let (true, Some(own)) = (salted, salt::of(request.shadow, &octets, request.digest)) {
        if padding.leaves_salt_open() {
            return Ok(octets);
        }
        let text = format!(
            "this TPM signs PSS with a salt of its own length (rsa_pss_saltlen:{}), not with the one that was asked for; ask for that or for auto, or use a key that may decrypt as well (it signs with any salt)",
            own.word()
        );
        return Err(Error::new(Reason::Padding, text));
    }
    Err(wrong_result())
}

/// The scheme that TPM2_Sign pads by as it is asked for.
fn scheme(public: &Public, padding: &Padding, hash: HashAlg) -> Result<KeyScheme> {
    let asked = match padding {
        Padding::Pkcs1 => KeyScheme::Rsassa(hash),
        Padding::Pss { .. } => KeyScheme::Rsapss(hash),
        Padding::None => {
            let text = "this key signs by TPM2_Sign only, which pads by itself; signing without padding needs a key that may decrypt as well";
            return Err(Error::new(Reason::Padding, text));
        }
    };
    if let Padding::Pss { mgf1: Some(mgf1), .. } = padding {
        if tpm_hash(mgf1) != Some(hash) {
            let text = "this key signs by TPM2_Sign only, where MGF1 has the digest of the message; ask for the same, or use a key that may decrypt as well";
            return Err(Error::new(Reason::Padding, text));
        }
    }
    fits_key(public, asked, hash)?;
    Ok(asked)
}

fn hash_of_tpm(digest: Option<&Digest>) -> Result<HashAlg> {
    digest.and_then(tpm_hash).ok_or_else(|| {
        let text = "this key signs by TPM2_Sign only, which takes sha1, sha256, sha384 and sha512; use one of these, or a key that may decrypt as well";
        Error::new(Reason::Digest, text)
    })
}

fn made_for(scheme: KeyScheme, asked: HashAlg) -> Error {
    Error::new(Reason::Digest, format!("the key was made for {scheme} only, and {asked} was asked for"))
}

/// Refuses what the scheme that the key was made for does not allow.
fn fits_key(public: &Public, asked: KeyScheme, hash: HashAlg) -> Result<()> {
    match public.key.scheme() {
        Some(KeyScheme::Null) => Ok(()),
        Some(fixed) if fixed == asked => Ok(()),
        Some(fixed) if fixed.id() == asked.id() => Err(made_for(fixed, hash)),
        Some(fixed) => {
            let remedy = match fixed.id() {
                AlgId::RSASSA => {
                    "ask for the padding pkcs1 (TLS takes it in version 1.2, when PSS is not offered: -sigalgs RSA+SHA256)"
                }
                _ => "ask for the padding pss",
            };
            let text = format!("the key was made for {fixed} only, and {asked} was asked for: {remedy}");
            Err(Error::new(Reason::Padding, text))
        }
        None => Err(no_rsa_key()),
    }
}

pub(super) fn verifies(shadow: &mut Shadow, signature: &[u8], digest: &[u8]) -> bool {
    let public = shadow.public().clone();
    public
        .quietly(|| shadow.operation().is_ok_and(|operation| operation.verify(signature, digest).is_right()))
}

fn no_rsa_key() -> Error {
    Error::new(Reason::WrongKey, "an RSA signature needs an RSA key")
}

fn wrong_result() -> Error {
    let text = "the TPM's signature does not verify, and was thrown away: something altered it on its way, or the TPM is faulty";
    Error::new(Reason::Integrity, text)
}

#[cfg(test)]
mod tests {
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
        let octets = algorithm.of(&[b"message"])?;
        let verdict = fake.verification(Some(digest), &mut options)?.verify(&signature, &octets);
        assert!(verdict.is_right(), "{digest}");
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
        assert!(fake.sign::<Rsa>(None, b"any octets", &mut ParamList::new()).is_ok());
        assert_eq!(check(&fake, "sha256", pss("223", "sha256")).unwrap_err().reason(), Reason::Padding);
    }

    #[test]
    fn a_signing_key_signs_by_the_schemes_of_the_tpm() {
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
    fn a_key_with_a_scheme_signs_by_that_only() {
        let fake = Fake::rsa(KeyScheme::Rsapss(HashAlg::Sha256), false);
        check(&fake, "sha256", pss("auto", "sha256")).unwrap();
        let error = check(&fake, "sha256", ParamList::new()).unwrap_err();
        assert!(error.to_string().contains("RSAPSS sha256"), "{error}");
        assert!(check(&fake, "sha384", pss("auto", "sha384")).is_err());
    }

    #[test]
    fn an_unprotected_result_is_verified_before_it_leaves() {
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

    /// The restrictions of the key name a salt as long as the digest, which this TPM does not make.
    #[test]
    fn a_salt_that_nobody_asked_for_is_the_tpms_own() {
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
