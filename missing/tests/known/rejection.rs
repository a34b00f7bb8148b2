//! PKCS#1 v1.5 encryption with implicit rejection.
use missing::{
    Error,
    pkcs1::rejection::{self, Secret},
};

use crate::{encryption::by_the_book, vectors};

/// Decodes the message, real or synthetic.
fn decode(block: &[u8], ciphertext: &[u8], secret: &Secret) -> Result<Vec<u8>, Error> {
    rejection::decode(block, ciphertext, secret).map(|message| message.to_vec())
}

#[test]
fn real_and_synthetic_messages_match_openssl() {
    let mut synthetic = 0;
    for vector in vectors::read(include_str!("rejection.txt")) {
        let (block, secret) = (vector.bytes("block"), Secret::new(&vector.bytes("d")));
        let message = decode(&block, &vector.bytes("ciphertext"), &secret).unwrap();
        assert_eq!(hex::encode(message), vector.text("message"), "{}", vector.text("block"));
        synthetic += usize::from(by_the_book(&block).is_none());
    }
    assert!(synthetic > 40, "{synthetic}");
}

#[test]
fn damage_to_each_byte_gives_the_message_or_the_synthetic_one() {
    let block = [b"\0\x02padding bytes\0".as_slice(), b"message"].concat();
    let (secret, ciphertext) = (Secret::new(b"secret"), vec![7; block.len()]);
    let synthetic = decode(&vec![0; block.len()], &ciphertext, &secret).unwrap();
    for at in 0..block.len() {
        for byte in 0..=255 {
            let mut damaged = block.clone();
            damaged[at] = byte;
            let message = decode(&damaged, &ciphertext, &secret).unwrap();
            assert_eq!(message, by_the_book(&damaged).unwrap_or(&synthetic), "{byte} at {at}");
        }
    }
}

#[test]
fn synthetic_message_depends_on_ciphertext_and_secret_only() {
    let bad = |first: u8, ciphertext: &[u8], secret: &[u8]| {
        decode(&[first; 256], ciphertext, &Secret::new(secret)).unwrap()
    };
    let synthetic = bad(0, &[7; 256], b"secret");
    assert_eq!(synthetic, bad(1, &[7; 256], b"secret"));
    assert_ne!(synthetic, bad(0, &[8; 256], b"secret"));
    assert_ne!(synthetic, bad(0, &[7; 256], b"Secret"));
    // A ciphertext without its leading zeros is the same number.
    let padded = [vec![0; 6], vec![7; 250]].concat();
    assert_eq!(bad(0, &[7; 250], b"secret"), bad(0, &padded, b"secret"));
}

#[test]
fn synthetic_lengths_cover_all_possible_lengths() {
    let secret = Secret::new(b"secret");
    let lengths: Vec<_> = (0..=255).map(|n| decode(&[0; 64], &[n; 64], &secret).unwrap().len()).collect();
    assert!(lengths.iter().all(|&length| length <= 53));
    assert!(lengths.iter().any(|&length| length < 5) && lengths.iter().any(|&length| length > 48));
}

#[test]
fn probe_is_below_the_modulus_and_stable() {
    let modulus: Vec<u8> = (0x80..0xc0).collect();
    // Python: b"\0" + MGF1-SHA-256(label + modulus). If this value changed, an update would change the secret.
    assert_eq!(
        hex::encode(rejection::probe(&modulus).unwrap()),
        "00ef723df0a4ed9f68f1db836061fdb2a449dc9320c315792f2f332d464a0f786de940087b2eab9deed74cdb09ce0076df64c4b2c810cce7238c91aceb81e8f5"
    );
    assert_ne!(rejection::probe(&modulus).unwrap(), rejection::probe(&[0x80; 64]).unwrap());
}

#[test]
fn block_with_impossible_size_is_rejected() {
    let secret = Secret::new(b"secret");
    let refused =
        |size: usize, ciphertext: usize| decode(&vec![0; size], &vec![0; ciphertext], &secret).unwrap_err();
    assert!(matches!(refused(10, 10), Error::ModulusTooSmall { needed: 88, found: 80 }));
    assert!(matches!(refused(64, 65), Error::BlockLength { expected: 64, found: 65 }));
    assert!(matches!(refused(8192, 64), Error::ModulusTooLarge { max: 65535, found: 65536 }));
    assert!(decode(&[0; 8191], &[0; 64], &secret).is_ok());
    assert_eq!(decode(&[0; 11], &[0; 11], &secret).unwrap(), b"");
}
