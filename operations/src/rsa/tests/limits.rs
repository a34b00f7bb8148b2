//! Keys and TPMs that sign with TPM2_Sign only.

use super::*;

#[test]
fn a_sign_only_key_signs_with_the_schemes_of_the_tpm() {
    let fake = Fake::rsa(KeyScheme::Null, false);
    check(&fake, SHA256, Padding::Pkcs1).unwrap();
    check(&fake, SHA384, pss(SaltLength::Auto, SHA384)).unwrap();
    check(&fake, SHA384, pss(SaltLength::Max, SHA384)).unwrap();
    let error = check(&fake, SHA256, pss(SaltLength::Digest, SHA256)).unwrap_err();
    assert_eq!((error.kind(), error.text().contains("(max)")), (Kind::UnsupportedPadding, true), "{error}");
    assert!(error.hint().unwrap().starts_with("use max or auto"), "{error}");
    assert!(error.into_parts().openssl_hint.unwrap().starts_with("use rsa_pss_saltlen:max or auto"));
    assert_eq!(check(&fake, SHA3, Padding::Pkcs1).unwrap_err().kind(), Kind::Digest);
    assert_eq!(accepts(&fake, SHA3).unwrap_err().kind(), Kind::Digest);
    let error = check(&fake, SHA256, pss(SaltLength::Auto, SHA1)).unwrap_err();
    assert!(error.to_string().contains("MGF1"), "{error}");
    let error = signed(&fake, None, b"any bytes", Padding::Pkcs1).unwrap_err();
    assert_eq!(error.kind(), Kind::Digest);
}

#[test]
fn a_tpm_without_raw_rsa_signs_with_its_schemes() {
    let mut fake = Fake::rsa(KeyScheme::Null, true);
    fake.forbids_raw_rsa = true;
    fake.salt = SaltLength::Digest;
    for _ in 0..2 {
        for digest in [SHA1, SHA256, SHA384, SHA512] {
            check(&fake, digest, Padding::Pkcs1).unwrap();
            check(&fake, digest, pss(SaltLength::Digest, digest)).unwrap();
            check(&fake, digest, pss(SaltLength::Auto, digest)).unwrap();
        }
        for (error, says) in [
            (check(&fake, SHA256, pss(SaltLength::Max, SHA256)), "its own salt length (digest)"),
            (check(&fake, SHA256, pss(SaltLength::Auto, SHA1)), "for MGF1"),
            (check(&fake, SHA3, Padding::Pkcs1), "sha512 only"),
            (signed(&fake, None, b"any bytes", Padding::Pkcs1).map(|_| 0), "sha512 only"),
            (signed(&fake, None, &[0x11; 256], Padding::None).map(|_| 0), "without padding"),
        ] {
            let text = error.unwrap_err().to_string();
            assert!(text.starts_with("this TPM forbids raw RSA") && text.contains(says), "{text}");
        }
    }
    assert_eq!(fake.raw_rsa(), Some(RawRsa::Forbidden));
    fake.public.attributes = Attributes::DECRYPT;
    let text = check(&fake, SHA256, Padding::Pkcs1).unwrap_err().to_string();
    assert!(text.contains("may only decrypt") && text.contains("tpm2-keytool create"), "{text}");
}

#[test]
fn a_key_with_a_scheme_signs_with_that_scheme_only() {
    let fake = Fake::rsa(KeyScheme::Rsapss(Sha256), false);
    check(&fake, SHA256, pss(SaltLength::Auto, SHA256)).unwrap();
    let error = check(&fake, SHA256, Padding::Pkcs1).unwrap_err();
    assert!(error.to_string().contains("RSAPSS sha256"), "{error}");
    assert!(check(&fake, SHA384, pss(SaltLength::Auto, SHA384)).is_err());
    assert!(accepts(&fake, SHA384).unwrap_err().to_string().contains("restricted to TPM_ALG_RSAPSS sha256"));
}

#[test]
fn a_hash_that_the_tpm_lacks_is_its_error() {
    let mut fake = Fake::rsa(KeyScheme::Null, false);
    fake.hashes = &[Sha256];
    let error = check(&fake, SHA384, Padding::Pkcs1).unwrap_err();
    assert_eq!(error.kind(), Kind::Tpm(tpm::ErrorKind::Unsupported));
    assert_eq!(error.to_string(), "TPM_RC_HASH");
}
