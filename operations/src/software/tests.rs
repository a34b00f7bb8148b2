//! The public half against fixed values, and values that are no keys or signatures.

use keyfile::{Curve, Scheme};

use super::*;
use crate::fake::Fake;

/// RFC 6979 §A.2.5: P-256 with SHA-256, message "sample".
#[test]
fn a_known_signature_is_verified() {
    let bytes = |hex: &str| hex::decode(hex).unwrap();
    let mut fake = Fake::ec(Scheme::Null, Curve::P256);
    let PublicKey::Ecc { x, y, .. } = &mut fake.public.key else { panic!("an EC key") };
    *x = bytes("60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6");
    *y = bytes("7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
    let r = bytes("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716");
    let s = bytes("f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
    let digest = keyfile::HashAlg::Sha256.digest(&[b"sample"]);
    let public = Software::new(&fake.public);
    assert!(public.verifies_ecdsa(&digest, &r, &s).unwrap());
    assert!(!public.verifies_ecdsa(&digest, &s, &r).unwrap());
    assert!(!public.verifies_ecdsa(&digest, &[0; 32], &s).unwrap());
    assert!(!public.verifies_ecdsa(&digest, &[0xff; 32], &s).unwrap());
}

#[test]
fn other_keys_and_numbers_are_errors() {
    let (rsa, mut ec) = (Fake::rsa(Scheme::Null, true), Fake::ec(Scheme::Null, Curve::P256));
    assert!(Software::new(&rsa.public).verifies_ecdsa(&[1], &[1], &[1]).is_err());
    assert!(Software::new(&ec.public).rsa(&[1]).is_err());
    assert!(Software::new(&rsa.public).rsa(&[0xff; 256]).is_err());
    assert!(Software::new(&ec.public).verifies_ecdsa(&[1], &[1; 33], &[1]).is_err());
    let PublicKey::Ecc { y, .. } = &mut ec.public.key else { panic!("an EC key") };
    y[31] ^= 1;
    let error = Software::new(&ec.public).verifies_ecdsa(&[1], &[1], &[1]).unwrap_err();
    assert!(error.to_string().contains("not on its curve"), "{error}");
    let PublicKey::Ecc { curve, .. } = &mut ec.public.key else { panic!("an EC key") };
    *curve = Curve::BnP256;
    let error = Software::new(&ec.public).verifies_ecdsa(&[1], &[1], &[1]).unwrap_err();
    assert!(error.to_string().contains("BN_P256"), "{error}");
}

#[test]
fn a_damaged_modulus_is_an_error() {
    for modulus in [vec![], vec![0; 256], vec![0xfe; 256], vec![0xff; 2048]] {
        let mut fake = Fake::rsa(Scheme::Null, true);
        let PublicKey::Rsa { modulus: of_key, .. } = &mut fake.public.key else { panic!("an RSA key") };
        *of_key = modulus;
        assert!(Software::new(&fake.public).rsa(&[1]).is_err());
    }
}
