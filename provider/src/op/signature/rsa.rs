//! RSA signatures in the TPM: the parameters of OpenSSL, and the signature by the crate `operations`.

use operations::{Memory, Private};

use super::padding::Padding;
use super::shadow::Shadow;
use super::{Request, Scheme};
use crate::error::Result;
use crate::ffi::crypto::{Digest, Pkey};
use crate::ffi::params::{Descriptor, Descriptors, Kind, ParamList, Params, joined};
use crate::op::software;

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

    fn accepts(key: &dyn Private, digest: &Digest) -> Result<()> {
        Ok(operations::rsa::accepts(key, software::digest(digest))?)
    }

    fn settle(key: &dyn Private, public: &Pkey, shadow: &mut Shadow, memory: &Memory) -> Result<()> {
        let (padding, digest) = (Padding::read(shadow)?, shadow.digest()?);
        let digest = digest.as_ref().map(software::digest);
        match operations::rsa::settle(key, public, &padding.of_operation(), digest, memory)? {
            Some(salt) => shadow.set(ParamList::new().text(c"saltlen", salt.option_value()).as_params()),
            None => Ok(()),
        }
    }

    fn sign(request: Request<'_>) -> Result<Vec<u8>> {
        let padding = Padding::read(request.shadow)?;
        Ok(operations::rsa::sign(&request.input(), &padding.of_operation())?)
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

#[cfg(test)]
mod tests {
    use keyfile::{HashAlg, Scheme as KeyScheme};
    use missing::SaltLength;

    use super::super::fake::Fake;
    use super::*;
    use crate::error::Reason;
    use crate::ffi::crypto::Restrictions;

    fn pss(salt: &str, mgf1: &str) -> ParamList {
        let mut list = ParamList::new();
        list.text(c"pad-mode", "pss").text(c"saltlen", salt).text(c"mgf1-digest", mgf1);
        list
    }

    #[test]
    fn openssl_verifies_every_digest_and_padding() {
        let fake = Fake::rsa(KeyScheme::Null, true);
        for digest in
            ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3-256", "sha512-256", "md5-sha1"]
        {
            fake.check::<Rsa>(digest, ParamList::new()).unwrap();
        }
        for (salt, mgf1) in
            [("digest", "sha1"), ("max", "sha512"), ("auto", "sha3-256"), ("0", "md5"), ("7", "sha256")]
        {
            fake.check::<Rsa>("sha256", pss(salt, mgf1)).unwrap();
        }
        let mut integers = ParamList::new();
        integers.int(c"pad-mode", 6).text(c"saltlen", "-1");
        fake.check::<Rsa>("sha384", integers).unwrap();
        let mut none = ParamList::new();
        none.text(c"pad-mode", "none");
        assert_eq!(fake.sign::<Rsa>(None, &[0x11; 256], &mut none).unwrap().len(), 256);
        assert_eq!(fake.sign::<Rsa>(None, &[0x11; 255], &mut none).unwrap_err().reason(), Reason::Padding);
        assert!(fake.sign::<Rsa>(None, b"any bytes", &mut ParamList::new()).is_ok());
        let error = fake.check::<Rsa>("sha256", pss("223", "sha256")).unwrap_err();
        assert_eq!(error.reason(), Reason::Padding);
    }

    #[test]
    fn hints_name_the_options_of_openssl() {
        let sign_only = Fake::rsa(KeyScheme::Null, false);
        let mut forbids = Fake::rsa(KeyScheme::Null, true);
        (forbids.tpm.forbids_raw_rsa, forbids.tpm.salt) = (true, SaltLength::Digest);
        for (fake, digest, options, hint) in [
            (&sign_only, "sha256", pss("digest", "sha256"), "rsa_pss_saltlen:max"),
            (&forbids, "sha256", pss("max", "sha256"), "rsa_pss_saltlen:digest"),
            (&forbids, "sha256", pss("auto", "sha1"), "(rsa_mgf1_md)"),
        ] {
            let text = fake.check::<Rsa>(digest, options).unwrap_err().to_string();
            assert!(text.split_once("; hint: ").is_some_and(|(_, after)| after.contains(hint)), "{text}");
        }
    }

    #[test]
    fn openssl_verifies_an_unprotected_result_before_it_is_returned() {
        for decrypts in [true, false] {
            let mut fake = Fake::rsa(KeyScheme::Null, decrypts);
            fake.tpm.authenticated = false;
            for faulty in [false, true] {
                fake.tpm.faulty = faulty;
                for options in [ParamList::new(), pss("auto", "sha256")] {
                    let reason = fake.check::<Rsa>("sha256", options).map_err(|error| error.reason());
                    assert_eq!(reason, if faulty { Err(Reason::Integrity) } else { Ok(()) });
                }
            }
        }
    }

    /// The restrictions of the key require a salt as long as the digest, which this TPM does not produce.
    #[test]
    fn a_salt_that_the_caller_leaves_open_is_the_tpms_own() {
        let mut fake = Fake::rsa(KeyScheme::Rsapss(HashAlg::Sha256), false);
        let numbers = [c"n", c"e"].map(|name| fake.key.unsigned(name).unwrap());
        let restrictions = Restrictions { digest: "sha256", salt: 32 };
        let (context, pss) = (fake.key.context(), c"RSA-PSS");
        fake.key = Pkey::public_rsa(context, pss, &numbers[0], &numbers[1], Some(restrictions)).unwrap();
        for (salt, says) in [
            (None, None),
            (Some("auto"), None),
            (Some("max"), None),
            (Some("digest"), Some("rsa_pss_saltlen:max")),
        ] {
            let mut options = ParamList::new();
            if let Some(salt) = salt {
                options.text(c"saltlen", salt);
            }
            let signed = fake.sign::<Rsa>(Some("sha256"), b"message", &mut options);
            match says {
                None => assert_eq!(signed.unwrap().len(), 256, "{salt:?}"),
                Some(text) => assert!(signed.unwrap_err().to_string().contains(text), "{salt:?}"),
            }
        }
    }

    #[test]
    fn an_open_salt_length_becomes_the_length_of_the_tpm() {
        for (length, own) in [(SaltLength::Digest, "digest"), (SaltLength::Max, "max")] {
            let mut fake = Fake::rsa(KeyScheme::Rsapss(HashAlg::Sha256), false);
            fake.tpm.salt = length;
            for (asked, settled) in [("20", "20"), ("auto", own), ("-2", own)] {
                let sha256 = Digest::fetch(fake.key.context(), "sha256").unwrap();
                let mut shadow = Shadow::new(fake.key.clone(), Some(sha256));
                shadow.set(pss(asked, "sha256").as_params()).unwrap();
                Rsa::settle(&fake.tpm, &fake.key, &mut shadow, &Memory::default()).unwrap();
                let salt = shadow.options().unwrap().text(c"saltlen");
                assert_eq!(salt.as_deref(), Some(settled), "{asked}");
            }
        }
    }
}
