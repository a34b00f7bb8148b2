//! PKCS#1 v1.5 encryption of TLS premaster secrets.
use missing::{
    Error,
    pkcs1::tls::{self, PREMASTER},
};

use crate::vectors;

const RANDOM: [u8; PREMASTER] = [0xaa; PREMASTER];

#[test]
fn premaster_secret_is_found_or_random_as_in_openssl() {
    for vector in vectors::read(include_str!("tls.txt")) {
        let version = |key| u16::from_be_bytes(vector.bytes(key).try_into().unwrap());
        let negotiated = Some(version("negotiated")).filter(|&version| version != 0);
        let answer = tls::decode(&vector.bytes("block"), version("client"), negotiated, &RANDOM).unwrap();
        let expected = vector.answer("premaster").unwrap_or(RANDOM.to_vec());
        assert_eq!(hex::encode(*answer), hex::encode(expected), "{}", vector.text("block"));
    }
}

#[test]
fn damage_to_each_byte_gives_the_premaster_or_the_random_secret() {
    let block = [b"\0\x02padding bytes\0\x03\x03".as_slice(), &[7; 46]].concat();
    let start = block.len() - PREMASTER;
    for at in 0..block.len() {
        for byte in 0..=255 {
            let mut damaged = block.clone();
            damaged[at] = byte;
            let answer = tls::decode(&damaged, 0x0303, None, &RANDOM).unwrap();
            // The padding may be any non-zero bytes, the secret any bytes; the rest is fixed.
            let good = damaged == block || at >= start + 2 || (2..start - 1).contains(&at) && byte != 0;
            assert_eq!(*answer, if good { &damaged[start..] } else { &RANDOM[..] }, "{byte} at {at}");
        }
    }
}

#[test]
fn key_too_small_for_a_premaster_secret_is_rejected() {
    let error = tls::decode(&[0; 58], 0x0303, None, &RANDOM).unwrap_err();
    assert!(matches!(error, Error::ModulusTooSmall { needed: 472, found: 464 }), "{error}");
    assert_eq!(*tls::decode(&[0; 59], 0x0303, None, &RANDOM).unwrap(), RANDOM);
}
