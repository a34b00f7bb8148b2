//! The salt length of the TPM's PSS signatures: as long as the digest, or as long as the modulus allows (TPM
//! 2.0 Part 1 Annex B.7). No capability shows which; a signature does.

use std::sync::OnceLock;

use keyfile::{AlgId, Attributes, Signature};

use super::padding::Padding;
use super::rsa::{decrypts_anything, may_sign_by_decryption, verifies};
use super::shadow::Shadow;
use super::{Request, tpm_hash};
use crate::error::{Error, Reason, Result};
use crate::ffi::crypto::Pkey;
use crate::ffi::params::ParamList;
use crate::private::{Private, TpmSalt};

/// The message of the trial signature. Its text states its purpose, so it cannot be mistaken.
const TRIAL: &[u8] = b"tpm2: this signature shows how long the salt of the TPM is";

/// Returns true if this provider pads for the key, so it can use any salt. If the TPM may forbid that and the
/// key can also sign with TPM2_Sign, one trial shows it: a certificate that names another salt length than
/// its signature has is invalid.
///
/// # Errors
/// The TPM refuses the trial.
pub(super) fn is_free(
    key: &dyn Private,
    public: &Pkey,
    padding: &Padding,
    shadow: &mut Shadow,
) -> Result<bool> {
    let open = decrypts_anything(key.public()) && key.raw_rsa().is_none();
    if open && key.public().attributes.contains(Attributes::SIGN) {
        let algorithm = shadow.digest()?;
        let Some(digest) = algorithm.as_ref().map(|algorithm| algorithm.of(&[TRIAL])).transpose()? else {
            return Ok(true);
        };
        match key.rsa_sign(&padding.block(public, &digest, algorithm.as_ref())?) {
            Err(error) if key.raw_rsa().is_none() => return Err(error),
            _ => {}
        }
    }
    Ok(may_sign_by_decryption(key))
}

/// Sets the TPM's own salt length if the caller left it open. One signature per key and process shows it,
/// because a certificate names the salt length before it is signed.
///
/// # Errors
/// The TPM refuses, or its salt has neither length.
pub(super) fn settle(
    key: &dyn Private,
    public: &Pkey,
    shadow: &mut Shadow,
    known: &OnceLock<TpmSalt>,
) -> Result<()> {
    let salt = match known.get() {
        Some(salt) => *salt,
        None => {
            let salt = try_out(key, public, shadow)?;
            *known.get_or_init(|| salt)
        }
    };
    shadow.set(ParamList::new().text(c"saltlen", salt.option_value()).as_params())
}

/// The salt length of a signature that is valid except for that length. Returns `None` if it is invalid or
/// has another length.
pub(super) fn of(shadow: &Shadow, signature: &[u8], digest: &[u8]) -> Option<TpmSalt> {
    [TpmSalt::Digest, TpmSalt::Max].into_iter().find(|salt| {
        shadow
            .public()
            .quietly(|| {
                let mut other = shadow.try_clone().ok()?;
                other.set(ParamList::new().text(c"saltlen", salt.option_value()).as_params()).ok()?;
                Some(verifies(&mut other, signature, digest))
            })
            .unwrap_or_default()
    })
}

fn try_out(key: &dyn Private, public: &Pkey, shadow: &mut Shadow) -> Result<TpmSalt> {
    let no_digest = || Error::new(Reason::Digest, "a PSS signature of the TPM needs a digest");
    let algorithm = shadow.digest()?.ok_or_else(no_digest)?;
    let hash = tpm_hash(&algorithm).ok_or_else(no_digest)?;
    let digest = algorithm.of(&[TRIAL])?;
    let request =
        Request { key, public, shadow, digest: &digest, algorithm: Some(&algorithm), message: Some(TRIAL) };
    let answer = request.sign(&digest, hash, AlgId::RSAPSS)?;
    let Signature::Rsa { bytes, .. } = answer.value else { return Err(unknown()) };
    of(shadow, &bytes, &digest).ok_or_else(unknown)
}

fn unknown() -> Error {
    let text =
        "the salt of this TPM's PSS signatures is neither as long as the digest nor as long as possible";
    Error::new(Reason::Padding, text).with_hint("set the length (rsa_pss_saltlen)")
}

#[cfg(test)]
mod tests {
    use keyfile::{HashAlg, Scheme as KeyScheme};
    use tpm::RawRsa;

    use super::super::fake::Fake;
    use super::super::{Rsa, Scheme};
    use super::*;
    use crate::ffi::crypto::Digest;

    fn settled(fake: &Fake, salt: Option<&str>, known: &OnceLock<TpmSalt>) -> Result<String> {
        settled_with(fake, salt, "sha256", known)
    }

    fn settled_with(
        fake: &Fake,
        salt: Option<&str>,
        mgf1: &str,
        known: &OnceLock<TpmSalt>,
    ) -> Result<String> {
        let sha256 = Digest::fetch(fake.key.context(), "sha256")?;
        let mut shadow = Shadow::new(fake.key.clone(), Some(sha256));
        let mut list = ParamList::new();
        list.text(c"pad-mode", "pss").text(c"mgf1-digest", mgf1);
        if let Some(salt) = salt {
            list.text(c"saltlen", salt);
        }
        shadow.set(list.as_params())?;
        Rsa::settle(fake, &fake.key, &mut shadow, known)?;
        Ok(shadow.options()?.text(c"saltlen").unwrap_or_default())
    }

    #[test]
    fn an_open_salt_length_becomes_the_length_of_the_tpm() {
        for own in ["digest", "max"] {
            let mut fake = Fake::rsa(KeyScheme::Rsapss(HashAlg::Sha256), false);
            fake.salt = own;
            let known = OnceLock::new();
            assert_eq!(settled(&fake, Some("20"), &known).unwrap(), "20", "a requested length is kept");
            assert_eq!(known.get(), None);
            assert_eq!(settled(&fake, None, &known).unwrap(), own);
            fake.salt = "7";
            assert_eq!(settled(&fake, Some("auto"), &known).unwrap(), own, "learned once");
            assert!(
                settled(&fake, None, &OnceLock::new()).unwrap_err().to_string().contains("rsa_pss_saltlen")
            );
        }
    }

    #[test]
    fn a_key_that_may_decrypt_signs_with_any_salt() {
        let known = OnceLock::new();
        let salt = settled(&Fake::rsa(KeyScheme::Null, true), None, &known).unwrap();
        // OpenSSL 3.0's default, and the default of later versions.
        assert!(["auto", "auto-digestmax"].contains(&salt.as_str()), "{salt}");
        assert_eq!(known.get(), None);
    }

    #[test]
    fn one_use_shows_whether_the_tpm_chooses_the_salt() {
        for forbids in [false, true] {
            let mut fake = Fake::rsa(KeyScheme::Null, true);
            fake.public.attributes = fake.public.attributes.union(Attributes::SIGN);
            (fake.forbids_raw_rsa, fake.salt) = (forbids, "digest");
            let sha256 = Digest::fetch(fake.key.context(), "sha256").unwrap();
            let mut shadow = Shadow::new(fake.key.clone(), Some(sha256));
            shadow.set(ParamList::new().text(c"pad-mode", "pss").as_params()).unwrap();
            Rsa::settle(&fake, &fake.key, &mut shadow, &OnceLock::new()).unwrap();
            let salt = shadow.options().unwrap().text(c"saltlen").unwrap();
            assert_eq!(salt == "digest", forbids, "{salt}");
            assert_eq!(fake.raw_rsa(), Some(if forbids { RawRsa::Forbidden } else { RawRsa::Allowed }));
        }
    }

    #[test]
    fn a_scheme_that_the_key_lacks_is_refused_without_a_trial() {
        for (scheme, mgf1, says) in [
            (KeyScheme::Rsassa(HashAlg::Sha256), "sha256", "use the padding pkcs1"),
            (KeyScheme::Rsapss(HashAlg::Sha256), "sha1", "MGF1"),
            (KeyScheme::Rsapss(HashAlg::Sha384), "sha256", "RSAPSS sha384, but the caller asked for sha256"),
        ] {
            let error = settled_with(&Fake::rsa(scheme, false), None, mgf1, &OnceLock::new()).unwrap_err();
            assert!(error.to_string().contains(says), "{scheme}: {error}");
        }
    }
}
