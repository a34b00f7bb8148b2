//! PKCS#1 v1.5 encryption, where a bad padding is an error.
use missing::{Error, Message, pkcs1::encryption};

use crate::vectors;

/// Decodes the message in a block.
fn decode(block: &[u8]) -> Result<Vec<u8>, Error> {
    encryption::decode(block).and_then(Message::reveal).map(|message| message.to_vec())
}

/// Decodes literally as RFC 8017 §7.2.2 describes.
pub(crate) fn by_the_book(block: &[u8]) -> Option<&[u8]> {
    let padded = block.strip_prefix(&[0, 2])?;
    let zero = padded.iter().position(|&byte| byte == 0)?;
    (zero >= 8).then(|| &padded[zero + 1..])
}

#[test]
fn every_block_decodes_as_in_openssl() {
    for vector in vectors::read(include_str!("explicit.txt")) {
        let message = decode(&vector.bytes("block"));
        match vector.answer("message") {
            Some(expected) => assert_eq!(hex::encode(message.unwrap()), hex::encode(expected)),
            None => assert!(matches!(message, Err(Error::Padding)), "{}", vector.text("block")),
        }
    }
}

#[test]
fn damage_to_each_byte_is_handled_as_in_the_rfc() {
    let block = [b"\0\x02padding bytes\0".as_slice(), b"message"].concat();
    for at in 0..block.len() {
        for byte in 0..=255 {
            let mut damaged = block.clone();
            damaged[at] = byte;
            let message = decode(&damaged).ok();
            assert_eq!(message.as_deref(), by_the_book(&damaged), "{byte} at {at}");
        }
    }
}

#[test]
fn encoded_message_is_decoded_and_padding_has_no_zero() {
    // Every second byte of this source is zero.
    let mut counter = 0_u8;
    let mut random = |out: &mut [u8]| {
        for byte in out {
            counter = counter.wrapping_add(1);
            *byte = counter % 2 * counter;
        }
        Ok(())
    };
    for length in 0..=53 {
        let message = vec![0; length];
        let block = encryption::encode(&message, 64, &mut random).unwrap();
        assert_eq!(block.len(), 64);
        assert_eq!(decode(&block).unwrap(), message);
    }
    let error = encryption::encode(&[0; 54], 64, &mut random).unwrap_err();
    assert!(matches!(error, Error::TooLong { max: 53, found: 54 }), "{error}");
    let error = encryption::encode(&[], 10, &mut random).unwrap_err();
    assert!(matches!(error, Error::TooLong { max: 0, found: 0 }), "{error}");
}

#[test]
fn broken_random_source_is_an_error() {
    let error = encryption::encode(b"", 64, &mut |_| Ok(())).unwrap_err();
    assert!(matches!(error, Error::Random(_)), "{error}");
}

#[test]
fn block_too_small_for_any_padding_is_rejected() {
    for size in 0..11 {
        let error = decode(&vec![0; size]).unwrap_err();
        assert!(
            matches!(error, Error::ModulusTooSmall { needed: 88, found } if found == 8 * size),
            "{error}"
        );
    }
    assert_eq!(decode(b"\0\x02paddings\0").unwrap(), b"");
}
