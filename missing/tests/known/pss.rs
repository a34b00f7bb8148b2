//! PSS signatures.
use missing::{Error, SaltLength, pss};

use crate::{hashers, vectors};

#[test]
fn openssl_block_is_verified_and_encoded_again() {
    for vector in vectors::read(include_str!("pss.txt")) {
        let (bits, mhash) = (vector.number("bits"), vector.bytes("value"));
        let (digest, mgf1) = (hashers::named(vector.text("digest")), hashers::named(vector.text("mgf1")));
        let asked: SaltLength = vector.text("salt").parse().unwrap();
        let length = asked.for_signing(digest.size(), bits);
        let Some(block) = vector.answer("block") else {
            assert!(
                matches!(length, Err(Error::SaltTooLong { .. } | Error::ModulusTooSmall { .. })),
                "{bits} {asked:?}"
            );
            continue;
        };
        let salt = pss::verify(&*digest, &mhash, &block, &*mgf1, bits).unwrap();
        assert_eq!(salt.len(), length.unwrap(), "{bits} {asked:?}");
        let encoded = pss::encode(&*digest, &mhash, &salt, &*mgf1, bits).unwrap();
        assert_eq!(hex::encode(encoded), hex::encode(block));
    }
}

#[test]
fn damage_to_any_byte_of_block_or_digest_is_detected() {
    let sha256 = hashers::named("sha256");
    for bits in [1024, 1025, 1031] {
        let block = pss::encode(&*sha256, &[7; 32], b"salt", &*sha256, bits).unwrap();
        for at in 0..block.len() {
            for bit in 0..8 {
                let mut damaged = block.clone();
                damaged[at] ^= 1 << bit;
                let result = pss::verify(&*sha256, &[7; 32], &damaged, &*sha256, bits);
                assert!(matches!(result, Err(Error::Padding)), "byte {at}, bit {bit} of {bits}");
            }
        }
        for at in 0..32 {
            let mut other = [7; 32];
            other[at] ^= 1;
            assert!(matches!(pss::verify(&*sha256, &other, &block, &*sha256, bits), Err(Error::Padding)));
        }
    }
}

#[test]
fn block_is_below_every_modulus_of_its_size() {
    let sha1 = hashers::named("sha1");
    for bits in 1000..1040 {
        for salt in 0..16_u8 {
            let block = pss::encode(&*sha1, &[salt; 20], &[salt; 20], &*sha1, bits).unwrap();
            assert_eq!(block.len(), bits.div_ceil(8));
            let zeros = block.iter().position(|&byte| byte != 0).unwrap();
            let used = 8 * (block.len() - zeros) - usize::try_from(block[zeros].leading_zeros()).unwrap();
            assert!(used < bits, "{used} of {bits} bits");
        }
    }
}

#[test]
fn wrong_lengths_are_rejected_with_the_right_one() {
    let sha256 = hashers::named("sha256");
    let error = pss::encode(&*sha256, &[0; 32], &[0; 95], &*sha256, 1024).unwrap_err();
    assert!(matches!(error, Error::SaltTooLong { max: 94, asked: 95 }), "{error}");
    let error = pss::encode(&*sha256, &[0; 20], b"", &*sha256, 1024).unwrap_err();
    assert!(matches!(error, Error::DigestLength { expected: 32, found: 20 }), "{error}");
    let error = pss::encode(&*sha256, &[0; 32], b"", &*sha256, 265).unwrap_err();
    assert!(matches!(error, Error::ModulusTooSmall { needed: 266, found: 265 }), "{error}");
    let error = pss::verify(&*sha256, &[0; 32], &[0; 127], &*sha256, 1024).unwrap_err();
    assert!(matches!(error, Error::BlockLength { expected: 128, found: 127 }), "{error}");
}
