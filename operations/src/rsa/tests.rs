//! RSA signatures with a fake TPM.

mod limits;
mod open_salt;

use keyfile::HashAlg::{Sha1, Sha256, Sha384, Sha512};
use keyfile::Scheme as KeyScheme;
use missing::{RustCrypto, SaltLength};

use super::*;
use crate::fake::{Fake, OfTpm};
use crate::software::Software;

/// The hash functions of the tests, by OpenSSL's names.
const SHA1: Digest<'_> = Digest::new("SHA1", &OfTpm(Sha1));
const SHA256: Digest<'_> = Digest::new("SHA2-256", &OfTpm(Sha256));
const SHA384: Digest<'_> = Digest::new("SHA2-384", &OfTpm(Sha384));
const SHA512: Digest<'_> = Digest::new("SHA2-512", &OfTpm(Sha512));
const SHA3: Digest<'_> = Digest::new("SHA3-256", &RustCrypto::<sha3::Sha3_256>::new());
/// PKCS#1 v1.5 has no identifier for it.
const UNKNOWN: Digest<'_> = Digest::new("BLAKE2S-256", &RustCrypto::<sha2::Sha512_256>::new());

const fn pss(salt: SaltLength, mgf1: Digest<'static>) -> Padding<'static> {
    Padding::Pss { salt, mgf1: Some(mgf1) }
}

/// Signs with the key.
fn signed(
    fake: &Fake,
    algorithm: Option<Digest<'_>>,
    digest: &[u8],
    padding: Padding<'_>,
) -> Result<Vec<u8>> {
    let message = algorithm.map(|_| &b"message"[..]);
    sign(&Request { key: fake, public: &Software::new(&fake.public), digest, algorithm, message }, &padding)
}

/// Signs a message, and verifies the signature. Returns the length of a PSS salt.
fn check(fake: &Fake, algorithm: Digest<'_>, padding: Padding<'_>) -> Result<usize> {
    let digest = algorithm.of(b"message")?;
    let signature = signed(fake, Some(algorithm), &digest, padding)?;
    let block = Software::new(&fake.public).rsa(&signature).unwrap();
    let Padding::Pss { mgf1, .. } = padding else {
        let known = algorithm.known().unwrap();
        assert_eq!(block, missing::pkcs1::encode_signature(known, &digest, 256).unwrap());
        return Ok(0);
    };
    let mgf1 = mgf1.unwrap_or(algorithm).hasher();
    Ok(missing::pss::verify(algorithm.hasher(), &digest, &block, mgf1, 2048).unwrap().len())
}

#[test]
fn a_key_that_may_decrypt_signs_everything() {
    let fake = Fake::rsa(KeyScheme::Null, true);
    for digest in [SHA1, SHA256, SHA384, SHA512, SHA3] {
        check(&fake, digest, Padding::Pkcs1).unwrap();
    }
    for (salt, mgf1, length) in [
        (SaltLength::Digest, SHA1, 32),
        (SaltLength::Max, SHA512, 222),
        (SaltLength::Auto, SHA3, 222),
        (SaltLength::AutoDigestMax, SHA256, 32),
        (SaltLength::Exactly(0), UNKNOWN, 0),
        (SaltLength::Exactly(7), SHA256, 7),
    ] {
        assert_eq!(check(&fake, SHA256, pss(salt, mgf1)).unwrap(), length, "{salt:?}");
    }
    assert_eq!(check(&fake, UNKNOWN, Padding::Pss { salt: SaltLength::Digest, mgf1: None }).unwrap(), 32);
    let error = check(&fake, UNKNOWN, Padding::Pkcs1).unwrap_err();
    assert!(error.kind() == Kind::Padding && error.to_string().contains("BLAKE2S-256"), "{error}");
    let error = check(&fake, SHA256, pss(SaltLength::Exactly(223), SHA256)).unwrap_err();
    assert_eq!(error.kind(), Kind::Padding);
    for digest in [SHA256, SHA3, UNKNOWN] {
        accepts(&fake, digest).unwrap();
    }
}

#[test]
fn bytes_without_a_digest_are_padded_as_they_are() {
    let fake = Fake::rsa(KeyScheme::Null, true);
    let public = Software::new(&fake.public);
    let signature = signed(&fake, None, b"any bytes", Padding::Pkcs1).unwrap();
    assert_eq!(public.rsa(&signature).unwrap(), missing::pkcs1::encode_raw(b"any bytes", 256).unwrap());
    let signature = signed(&fake, None, &[0x11; 256], Padding::None).unwrap();
    assert_eq!(public.rsa(&signature).unwrap(), [0x11; 256]);
    for (bytes, padding, kind) in [
        (&[0xff; 256][..], Padding::None, Kind::Padding),
        (&[0x11; 255], Padding::None, Kind::Padding),
        (&[0x11; 246], Padding::Pkcs1, Kind::Padding),
        (b"any bytes", pss(SaltLength::Max, SHA256), Kind::Digest),
    ] {
        assert_eq!(signed(&fake, None, bytes, padding).unwrap_err().kind(), kind, "{}", bytes.len());
    }
    let error = signed(&fake, Some(SHA256), &[0; 32], Padding::None).unwrap_err();
    assert!(error.to_string().ends_with("hint: sign the whole block instead"), "{error}");
}

#[test]
fn a_small_result_has_its_leading_zeros() {
    let fake = Fake::rsa(KeyScheme::Null, true);
    let mut block = [0; 256];
    block[255] = 1;
    assert_eq!(signed(&fake, None, &block, Padding::None).unwrap(), block);
}

#[test]
fn the_secret_of_implicit_rejection_is_never_signed_for_a_caller() {
    for fake in [Fake::rsa(KeyScheme::Null, true), Fake::rsa(KeyScheme::Null, false)] {
        let info = [missing::digest_info::prefix(missing::Digest::Sha256), &SIGNED_DIGEST[..]].concat();
        let block = missing::pkcs1::encode_raw(&info, 256).unwrap();
        for (algorithm, bytes, padding) in [
            (Some(SHA256), &SIGNED_DIGEST[..], Padding::Pkcs1),
            (None, &info, Padding::Pkcs1),
            (None, &block, Padding::None),
        ] {
            let error = signed(&fake, algorithm, bytes, padding).unwrap_err();
            assert!(error.to_string().contains("is not signed"), "{error}");
        }
    }
}

#[test]
fn an_unprotected_result_is_verified_before_it_is_returned() {
    for decrypts in [true, false] {
        let mut fake = Fake::rsa(KeyScheme::Null, decrypts);
        fake.authenticated = false;
        for faulty in [false, true] {
            fake.faulty = faulty;
            for padding in [Padding::Pkcs1, pss(SaltLength::Auto, SHA256)] {
                let kind = check(&fake, SHA256, padding).map(drop).map_err(|error| error.kind());
                assert_eq!(kind, if faulty { Err(Kind::Integrity) } else { Ok(()) });
            }
        }
    }
}

#[test]
fn a_whole_digest_info_is_signed_by_tpm2_sign() {
    let mut forbids = Fake::rsa(KeyScheme::Null, true);
    forbids.forbids_raw_rsa = true;
    let fixed = Fake::rsa(KeyScheme::Rsassa(Sha384), false);
    let mut unprotected = Fake::rsa(KeyScheme::Null, false);
    unprotected.authenticated = false;
    for (fake, hashes) in [
        (&forbids, &[Sha1, Sha256, Sha384, Sha512][..]),
        (&fixed, &[Sha384]),
        (&unprotected, &[Sha256, Sha512]),
    ] {
        for hash in hashes {
            let (known, digest) = (digest::of_tpm(*hash), hash.digest(&[b"message"]));
            let info = [missing::digest_info::prefix(known), &digest].concat();
            let signature = signed(fake, None, &info, Padding::Pkcs1).unwrap();
            let block = Software::new(&fake.public).rsa(&signature).unwrap();
            assert_eq!(block, missing::pkcs1::encode_signature(known, &digest, 256).unwrap(), "{hash}");
        }
    }
    let info = [missing::digest_info::prefix(missing::Digest::Sha256), &[7; 32]].concat();
    let error = signed(&fixed, None, &info, Padding::Pkcs1).unwrap_err();
    assert!(error.to_string().contains("restricted to TPM_ALG_RSASSA sha384"), "{error}");
    unprotected.faulty = true;
    assert_eq!(signed(&unprotected, None, &info, Padding::Pkcs1).unwrap_err().kind(), Kind::Integrity);
}

#[test]
fn a_restricted_key_signs_messages_only() {
    let mut fake = Fake::rsa(KeyScheme::Rsassa(Sha256), false);
    fake.public.attributes = fake.public.attributes.union(Attributes::RESTRICTED);
    check(&fake, SHA256, Padding::Pkcs1).unwrap();
    accepts(&fake, SHA256).unwrap();
    assert!(accepts(&fake, SHA384).unwrap_err().to_string().contains("the key is restricted to sha256"));
    let info = [missing::digest_info::prefix(missing::Digest::Sha256), &[7; 32]].concat();
    let error = signed(&fake, None, &info, Padding::Pkcs1).unwrap_err();
    assert_eq!(error.hint().unwrap(), "sign the message, not its digest");
    assert_eq!(error.kind(), Kind::Digest);
}

#[test]
fn only_an_rsa_key_makes_an_rsa_signature() {
    let fake = Fake::ec(KeyScheme::Null, keyfile::Curve::P256);
    let error = signed(&fake, Some(SHA256), &[7; 32], Padding::Pkcs1).unwrap_err();
    assert_eq!(error.kind(), Kind::WrongKey);
}
