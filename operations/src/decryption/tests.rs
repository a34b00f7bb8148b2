//! Decryption with a fake TPM.

use keyfile::HashAlg;
use missing::RustCrypto;

use super::*;
use crate::fake::{Fake, OfTpm};
use crate::software::Software;

const SHA256: Digest<'_> = Digest::new("SHA2-256", &OfTpm(HashAlg::Sha256));
const SHA1: Digest<'_> = Digest::new("SHA1", &OfTpm(HashAlg::Sha1));
const SHA3: Digest<'_> = Digest::new("SHA3-256", &RustCrypto::<sha3::Sha3_256>::new());
const REJECTING: Padding<'_> = Padding::Pkcs1 { implicit_rejection: true };
const STRICT: Padding<'_> = Padding::Pkcs1 { implicit_rejection: false };

const fn oaep(digest: Digest<'static>, mgf1: Digest<'static>, label: &'static [u8]) -> Padding<'static> {
    Padding::Oaep { digest, mgf1, label }
}

/// Encrypts a message.
fn encrypted(fake: &Fake, padding: Padding<'_>, message: &[u8]) -> Vec<u8> {
    let public = Software::new(&fake.public);
    let mut random = |bytes: &mut [u8]| public.random(bytes);
    let block = match padding {
        Padding::Oaep { digest, mgf1, label } => {
            let oaep = Oaep { digest: digest.hasher(), mgf1: mgf1.hasher(), label };
            oaep.encode(message, 256, &mut random).unwrap()
        }
        Padding::None => Zeroizing::new(message.to_vec()),
        _ => encryption::encode(message, 256, &mut random).unwrap(),
    };
    public.rsa(&block).unwrap()
}

fn decrypted(fake: &Fake, padding: Padding<'_>, ciphertext: &[u8]) -> Result<Vec<u8>> {
    decrypted_with(fake, padding, ciphertext, &Memory::default())
}

fn decrypted_with(fake: &Fake, padding: Padding<'_>, ciphertext: &[u8], memory: &Memory) -> Result<Vec<u8>> {
    let message = decrypt(fake, &Software::new(&fake.public), memory, &padding, ciphertext)?;
    Ok(message.to_vec())
}

fn forbids_raw_rsa() -> Fake {
    let mut fake = Fake::rsa(Scheme::Null, true);
    fake.forbids_raw_rsa = true;
    fake
}

#[test]
fn every_padding_is_removed() {
    let fake = Fake::rsa(Scheme::Null, true);
    for padding in [REJECTING, STRICT, oaep(SHA256, SHA256, b""), oaep(SHA3, SHA1, b"label")] {
        let ciphertext = encrypted(&fake, padding, b"message");
        assert_eq!(decrypted(&fake, padding, &ciphertext).unwrap(), b"message");
    }
    let ciphertext = encrypted(&fake, Padding::None, &[0x11; 256]);
    assert_eq!(decrypted(&fake, Padding::None, &ciphertext).unwrap(), [0x11; 256]);
}

#[test]
fn a_ciphertext_that_is_no_number_below_the_modulus_is_refused() {
    let fake = Fake::rsa(Scheme::Null, true);
    for ciphertext in [&[][..], &[0xff; 256], &[1; 257]] {
        let error = decrypted(&fake, REJECTING, ciphertext).unwrap_err();
        assert!(error.kind() == Kind::Padding && error.text().contains("not encrypted for this key"));
    }
}

#[test]
fn a_wrong_padding_gives_a_synthetic_message_always_the_same() {
    for fake in [Fake::rsa(Scheme::Null, true), forbids_raw_rsa()] {
        let memory = Memory::default();
        let wrong = encrypted(&fake, Padding::None, &[0x11; 256]);
        let first = decrypted_with(&fake, REJECTING, &wrong, &memory).unwrap();
        assert_eq!(decrypted_with(&fake, REJECTING, &wrong, &memory).unwrap(), first);
        assert_eq!(decrypted(&fake, REJECTING, &wrong).unwrap(), first, "in another process");
        let error = decrypted(&fake, STRICT, &wrong).unwrap_err();
        assert!(error.kind() == Kind::Padding && error.to_string().contains("the padding is wrong"));
        assert_eq!(decrypted(&fake, oaep(SHA256, SHA256, b""), &wrong).unwrap_err().kind(), Kind::Padding);
    }
}

#[test]
fn a_premaster_secret_of_another_version_becomes_random() {
    for fake in [Fake::rsa(Scheme::Null, true), forbids_raw_rsa()] {
        let mut secret = [7; tls::PREMASTER];
        (secret[0], secret[1]) = (3, 3);
        let ciphertext = encrypted(&fake, STRICT, &secret);
        let tls = |client, negotiated| decrypted(&fake, Padding::Tls { client, negotiated }, &ciphertext);
        assert_eq!(tls(Some(0x0303), None).unwrap(), secret);
        assert_eq!(tls(Some(0x0302), Some(0x0303)).unwrap(), secret);
        let (first, second) = (tls(Some(0x0302), None).unwrap(), tls(Some(0x0302), None).unwrap());
        assert!(first.len() == 48 && first != secret && first != second);
        assert_eq!(tls(None, None).unwrap_err().kind(), Kind::Parameter);
    }
}

#[test]
fn an_unprotected_result_is_verified_before_it_is_used() {
    let mut fake = Fake::rsa(Scheme::Null, true);
    let ciphertext = encrypted(&fake, STRICT, b"message");
    fake.authenticated = false;
    assert_eq!(decrypted(&fake, REJECTING, &ciphertext).unwrap(), b"message");
    fake.faulty = true;
    for padding in [REJECTING, STRICT, Padding::None] {
        assert_eq!(decrypted(&fake, padding, &ciphertext).unwrap_err().kind(), Kind::Integrity);
    }
}

#[test]
fn a_tpm_without_raw_rsa_removes_the_padding_itself() {
    let fake = forbids_raw_rsa();
    for padding in [REJECTING, STRICT, oaep(SHA256, SHA256, b""), oaep(SHA1, SHA1, b"label\0")] {
        let ciphertext = encrypted(&fake, padding, b"message");
        assert_eq!(decrypted(&fake, padding, &ciphertext).unwrap(), b"message");
    }
    for (padding, says) in [
        (Padding::None, "it cannot decrypt without padding"),
        (oaep(SHA256, SHA1, b""), "with one hash for label and MGF1"),
        (oaep(SHA3, SHA3, b""), "with one hash for label and MGF1"),
        (oaep(SHA256, SHA256, b"label"), "labels that end with a zero byte"),
    ] {
        let error = decrypted(&fake, padding, &[7; 256]).unwrap_err();
        assert!(error.text().starts_with("this TPM forbids raw RSA"), "{error}");
        assert!(error.kind() == Kind::UnsupportedPadding && error.text().contains(says), "{error}");
    }
    let mut decrypt_only = forbids_raw_rsa();
    decrypt_only.public.attributes = Attributes::DECRYPT;
    let error = decrypted(&decrypt_only, REJECTING, &[7; 256]).unwrap_err();
    assert!(error.text().contains("a decrypt-only key cannot hide"), "{error}");
}

#[test]
fn a_faulty_secret_of_implicit_rejection_is_discarded() {
    let mut fake = forbids_raw_rsa();
    fake.faulty = true;
    assert_eq!(decrypted(&fake, REJECTING, &[7; 256]).unwrap_err().kind(), Kind::Integrity);
}

#[test]
fn a_key_with_a_scheme_decrypts_with_that_scheme_only() {
    let (rsaes, of_oaep) = (Scheme::Rsaes, Scheme::Oaep(HashAlg::Sha256));
    for (scheme, right, wrong) in [
        (rsaes, STRICT, &[oaep(SHA256, SHA256, b""), Padding::None][..]),
        (of_oaep, oaep(SHA256, SHA256, b""), &[REJECTING, oaep(SHA1, SHA1, b""), oaep(SHA256, SHA1, b"")]),
    ] {
        let fake = Fake::rsa(scheme, true);
        let ciphertext = encrypted(&fake, right, b"message");
        assert_eq!(decrypted(&fake, right, &ciphertext).unwrap(), b"message");
        for padding in wrong {
            let error = decrypted(&fake, *padding, &ciphertext).unwrap_err();
            assert!(error.text().contains("asked for another padding"), "{error}");
        }
        let error = decrypted(&fake, right, &[7; 256]).unwrap_err();
        assert!(error.text().contains("the TPM refuses its padding"), "{error}");
    }
    let error = decrypted(&Fake::rsa(of_oaep, true), oaep(SHA256, SHA256, b"label"), &[7; 256]).unwrap_err();
    assert!(error.text().contains("labels that end with a zero byte"), "{error}");
}

#[test]
fn a_key_that_may_not_decrypt_is_refused() {
    let mut restricted = Fake::rsa(Scheme::Null, true);
    restricted.public.attributes = restricted.public.attributes.union(Attributes::RESTRICTED);
    for fake in [restricted, Fake::rsa(Scheme::Null, false), Fake::ec(Scheme::Null, keyfile::Curve::P256)] {
        assert_eq!(decrypted(&fake, REJECTING, &[7; 256]).unwrap_err().kind(), Kind::WrongKey);
    }
}
