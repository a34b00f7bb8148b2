//! ECDSA signatures with a fake TPM.

use keyfile::{Attributes, Curve};
use missing::RustCrypto;

use super::*;
use crate::PublicHalf as _;
use crate::fake::{Fake, OfTpm};
use crate::software::Software;

const SHA1: Digest<'_> = Digest::new("SHA1", &OfTpm(HashAlg::Sha1));
const SHA256: Digest<'_> = Digest::new("SHA-256", &OfTpm(HashAlg::Sha256));
const SHA384: Digest<'_> = Digest::new("SHA384", &OfTpm(HashAlg::Sha384));
const SHA512: Digest<'_> = Digest::new("SHA512", &OfTpm(HashAlg::Sha512));
const SHA3: Digest<'_> = Digest::new("SHA3-256", &RustCrypto::<sha3::Sha3_256>::new());

/// Signs a message, and verifies the signature.
fn check(fake: &Fake, algorithm: Digest<'_>) -> Result<()> {
    let digest = algorithm.of(b"message")?;
    let signature = signed(fake, Some(algorithm), &digest)?;
    assert!(Software::new(&fake.public).verifies_ecdsa(&digest, &signature.r, &signature.s).unwrap());
    Ok(())
}

fn signed(fake: &Fake, algorithm: Option<Digest<'_>>, digest: &[u8]) -> Result<Signature> {
    let message = algorithm.map(|_| &b"message"[..]);
    sign(&Request { key: fake, public: &Software::new(&fake.public), digest, algorithm, message })
}

#[test]
fn every_digest_signs_on_every_curve() {
    for curve in [Curve::P256, Curve::P384, Curve::P521] {
        for fixed in [Scheme::Null, Scheme::Ecdsa(HashAlg::Sha512)] {
            let fake = Fake::ec(fixed, curve);
            for digest in [SHA1, SHA256, SHA384, SHA512, SHA3] {
                accepts(&fake, digest).unwrap();
                check(&fake, digest).unwrap();
            }
        }
    }
}

#[test]
fn bytes_of_any_length_are_signed_as_a_digest() {
    let fake = Fake::ec(Scheme::Null, Curve::P256);
    for digest in [&[][..], &[1], &[0xff; 31], &[0xff; 36], &[0xff; 100]] {
        let Signature { r, s } = signed(&fake, None, digest).unwrap();
        assert_eq!((r.len(), s.len()), (32, 32));
        let public = Software::new(&fake.public);
        assert!(public.verifies_ecdsa(digest, &r, &s).unwrap(), "{}", digest.len());
        assert!(!public.verifies_ecdsa(&[2], &r, &s).unwrap());
    }
}

#[test]
fn a_tpm_that_lacks_a_hash_signs_with_a_longer_one() {
    let mut fake = Fake::ec(Scheme::Null, Curve::P256);
    fake.hashes = &[HashAlg::Sha1, HashAlg::Sha384];
    check(&fake, SHA256).unwrap();
    let mut fake = Fake::ec(Scheme::Null, Curve::P521);
    fake.hashes = &[HashAlg::Sha1, HashAlg::Sha256, HashAlg::Sha384];
    check(&fake, SHA384).unwrap();
    let error = check(&fake, SHA512).unwrap_err();
    assert_eq!(error.kind(), Kind::Digest);
    assert!(error.to_string().contains("64 bytes") && error.tpm().is_some(), "{error}");
}

#[test]
fn an_unprotected_result_is_verified_before_it_is_returned() {
    let mut fake = Fake::ec(Scheme::Null, Curve::P384);
    fake.authenticated = false;
    check(&fake, SHA256).unwrap();
    fake.faulty = true;
    assert_eq!(check(&fake, SHA256).unwrap_err().kind(), Kind::Integrity);
}

#[test]
fn a_restricted_key_signs_messages_with_its_digest_only() {
    let mut fake = Fake::ec(Scheme::Ecdsa(HashAlg::Sha256), Curve::P256);
    fake.public.attributes = fake.public.attributes.union(Attributes::RESTRICTED);
    check(&fake, SHA256).unwrap();
    accepts(&fake, SHA256).unwrap();
    assert!(accepts(&fake, SHA3).unwrap_err().to_string().contains("restricted"));
    for algorithm in [Some(SHA3), Some(SHA384), None] {
        let error = signed(&fake, algorithm, &[7; 32]).unwrap_err();
        assert!(error.to_string().contains("restricted"), "{error}");
    }
}

#[test]
fn a_key_of_another_scheme_or_type_is_refused() {
    let ecdh = Fake::ec(Scheme::Ecdh(HashAlg::Sha256), Curve::P256);
    for fake in [ecdh, Fake::rsa(Scheme::Null, false)] {
        assert_eq!(accepts(&fake, SHA256).unwrap_err().kind(), Kind::WrongKey);
    }
}

#[test]
fn a_digest_that_the_hash_of_the_key_cannot_carry_is_refused() {
    let fake = Fake::ec(Scheme::Ecdsa(HashAlg::Sha256), Curve::P384);
    let error = accepts(&fake, SHA384).unwrap_err();
    assert!(error.to_string().contains("too long for sha256, the only hash"), "{error}");
    assert_eq!(check(&fake, SHA384).unwrap_err().kind(), Kind::Digest);
}

#[test]
fn numbers_are_as_long_as_the_order() {
    let of = |r: &[u8], s: &[u8]| {
        let (r, s, scheme, hash) = (r.to_vec(), s.to_vec(), AlgId::ECDSA, HashAlg::Sha256);
        Signature::of(keyfile::Signature::Ecc { scheme, hash, r, s }, 16)
    };
    assert_eq!(of(&[1], &[0, 0, 2, 3]), Some(Signature { r: vec![0, 1], s: vec![2, 3] }));
    assert_eq!(of(&[0, 0], &[1]), None);
    assert_eq!(of(&[1, 2, 3], &[1]), None);
}
