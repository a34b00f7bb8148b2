//! The salt length if the caller leaves it open.

use super::*;

fn settled(fake: &Fake, salt: SaltLength, mgf1: Digest<'_>, memory: &Memory) -> Result<Option<TpmSalt>> {
    let padding = Padding::Pss { salt, mgf1: Some(mgf1) };
    settle(fake, &Software::new(&fake.public), &padding, Some(SHA256), memory)
}

#[test]
fn it_becomes_the_length_of_the_tpm() {
    for (length, own) in [(SaltLength::Digest, TpmSalt::Digest), (SaltLength::Max, TpmSalt::Max)] {
        let mut fake = Fake::rsa(KeyScheme::Rsapss(Sha256), false);
        fake.salt = length;
        let memory = Memory::default();
        assert_eq!(settled(&fake, SaltLength::Exactly(20), SHA256, &memory).unwrap(), None);
        assert_eq!(memory.known_salt(), None);
        assert_eq!(settled(&fake, SaltLength::AutoDigestMax, SHA256, &memory).unwrap(), Some(own));
        fake.salt = SaltLength::Exactly(7);
        assert_eq!(settled(&fake, SaltLength::Auto, SHA256, &memory).unwrap(), Some(own), "learned once");
        let error = settled(&fake, SaltLength::Auto, SHA256, &Memory::default()).unwrap_err();
        assert_eq!(
            (error.kind(), error.hint().as_deref()),
            (Kind::UnsupportedPadding, Some("set the length"))
        );
    }
}

#[test]
fn a_key_that_may_decrypt_signs_with_any_salt() {
    let memory = Memory::default();
    let fake = Fake::rsa(KeyScheme::Null, true);
    assert_eq!(settled(&fake, SaltLength::Auto, SHA256, &memory).unwrap(), None);
    assert_eq!(memory.known_salt(), None);
}

#[test]
fn one_use_shows_whether_the_tpm_chooses_it() {
    for forbids in [false, true] {
        let mut fake = Fake::rsa(KeyScheme::Null, true);
        (fake.forbids_raw_rsa, fake.salt) = (forbids, SaltLength::Digest);
        let salt = settled(&fake, SaltLength::Auto, SHA256, &Memory::default()).unwrap();
        assert_eq!(salt, forbids.then_some(TpmSalt::Digest));
        assert_eq!(fake.raw_rsa(), Some(if forbids { RawRsa::Forbidden } else { RawRsa::Allowed }));
    }
}

#[test]
fn a_scheme_that_the_key_lacks_is_refused_without_a_trial() {
    for (scheme, mgf1, says) in [
        (KeyScheme::Rsassa(Sha256), SHA256, "use the padding pkcs1"),
        (KeyScheme::Rsapss(Sha256), SHA1, "MGF1"),
        (KeyScheme::Rsapss(Sha384), SHA256, "RSAPSS sha384, but the caller asked for sha256"),
    ] {
        let fake = Fake::rsa(scheme, false);
        let error = settled(&fake, SaltLength::Auto, mgf1, &Memory::default()).unwrap_err();
        assert!(error.to_string().contains(says), "{scheme}: {error}");
    }
}

#[test]
fn every_length_is_accepted_in_a_signature() {
    let mut fake = Fake::rsa(KeyScheme::Rsapss(Sha256), false);
    fake.salt = SaltLength::Exactly(20);
    assert_eq!(check(&fake, SHA256, pss(SaltLength::Auto, SHA256)).unwrap(), 20);
    assert_eq!(check(&fake, SHA256, pss(SaltLength::Exactly(20), SHA256)).unwrap(), 20);
    let error = check(&fake, SHA256, pss(SaltLength::Max, SHA256)).unwrap_err();
    assert_eq!(error.kind(), Kind::Integrity);
}
