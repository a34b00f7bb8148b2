//! PKCS#1 v1.5 signatures.
use missing::{Digest, Error, pkcs1};

use crate::vectors;

#[test]
fn block_of_every_digest_matches_openssl() {
    let mut seen = Vec::new();
    for vector in vectors::read(include_str!("signatures.txt")) {
        let digest = vector.text("digest").parse::<Digest>().unwrap();
        let size = vector.number("bits").div_ceil(8);
        let block = pkcs1::encode_signature(digest, &vector.bytes("value"), size).unwrap();
        assert_eq!(hex::encode(block), vector.text("block"), "{digest} {size}");
        seen.push(digest);
    }
    // No current OpenSSL makes these two; they are tested below.
    let unseen: Vec<_> = Digest::ALL.into_iter().filter(|digest| !seen.contains(digest)).collect();
    assert_eq!(unseen, [Digest::Md2, Digest::Mdc2]);
}

#[test]
fn md2_follows_the_rfc_and_mdc2_is_an_octet_string() {
    // RFC 8017 §9.2, note 1.
    let block = pkcs1::encode_signature(Digest::Md2, &[7; 16], 64).unwrap();
    let info = "3020300c06082a864886f70d020205000410";
    assert_eq!(hex::encode(block), format!("0001{}00{info}{}", "ff".repeat(27), "07".repeat(16)));
    let block = pkcs1::encode_signature(Digest::Mdc2, &[7; 16], 64).unwrap();
    assert_eq!(hex::encode(block), format!("0001{}000410{}", "ff".repeat(43), "07".repeat(16)));
}

#[test]
fn raw_bytes_are_padded_as_in_openssl() {
    for vector in vectors::read(include_str!("raw.txt")) {
        let (bytes, size) = (vector.bytes("bytes"), vector.number("bits").div_ceil(8));
        match (pkcs1::encode_raw(&bytes, size), vector.answer("block")) {
            (Ok(block), Some(expected)) => assert_eq!(hex::encode(block), hex::encode(expected)),
            (Err(Error::TooLong { max, found }), None) => {
                assert_eq!((max, found), (size - pkcs1::OVERHEAD, bytes.len()));
            }
            (result, _) => panic!("{} bytes, key of {size}: {result:?}", bytes.len()),
        }
    }
}

#[test]
fn empty_raw_input_is_padded() {
    assert_eq!(hex::encode(pkcs1::encode_raw(&[], 16).unwrap()), format!("0001{}00", "ff".repeat(13)));
    assert!(matches!(pkcs1::encode_raw(&[], 10), Err(Error::TooLong { max: 0, found: 0 })));
}

#[test]
fn digest_of_wrong_length_is_rejected_with_both_lengths() {
    let error = pkcs1::encode_signature(Digest::Sha256, &[0; 20], 256).unwrap_err();
    assert!(matches!(error, Error::DigestLength { expected: 32, found: 20 }), "{error}");
    assert!(error.to_string().contains("20 bytes") && error.to_string().contains("32"), "{error}");
    let error = pkcs1::encode_signature(Digest::Md5Sha1, &[0; 16], 256).unwrap_err();
    assert!(matches!(error, Error::DigestLength { expected: 36, found: 16 }), "{error}");
}

#[test]
fn key_too_small_for_the_digest_is_rejected_with_the_minimum() {
    // SHA-512: 19 + 64 bytes and 11 bytes of padding.
    assert!(pkcs1::encode_signature(Digest::Sha512, &[0; 64], 94).is_ok());
    let error = pkcs1::encode_signature(Digest::Sha512, &[0; 64], 93).unwrap_err();
    assert!(matches!(error, Error::ModulusTooSmall { needed: 752, found: 744 }), "{error}");
}
