//! OAEP encryption.
use missing::{Error, Hasher, Message, Oaep, error::Failure, mgf1};

use crate::{hashers, vectors};

/// Returns a source of "random" bytes that provides these bytes.
fn given(bytes: Vec<u8>) -> impl FnMut(&mut [u8]) -> Result<(), Failure> {
    move |out| {
        out.copy_from_slice(&bytes);
        Ok(())
    }
}

/// Decodes the message in a block.
fn decode(oaep: &Oaep<'_>, block: &[u8]) -> Result<Vec<u8>, Error> {
    oaep.decode(block).and_then(Message::reveal).map(|message| message.to_vec())
}

/// Returns the seed in a block, unmasked with the rest of the block.
fn seed(block: &[u8], digest: &dyn Hasher, mgf1: &dyn Hasher) -> Vec<u8> {
    let (masked_seed, masked_db) = block[1..].split_at(digest.size());
    let mut seed = masked_seed.to_vec();
    mgf1::mask(&mut seed, masked_db, mgf1).unwrap();
    seed
}

#[test]
fn openssl_block_is_decoded_and_encoded_again() {
    for vector in vectors::read(include_str!("oaep.txt")) {
        let (message, label) = (vector.bytes("message"), vector.bytes("label"));
        let (digest, mgf1) = (hashers::named(vector.text("digest")), hashers::named(vector.text("mgf1")));
        let oaep = Oaep { digest: &*digest, mgf1: &*mgf1, label: &label };
        let size = vector.number("bits").div_ceil(8);
        let Some(block) = vector.answer("block") else {
            let error = oaep.encode(&message, size, &mut given(vec![0; digest.size()])).unwrap_err();
            assert!(matches!(error, Error::TooLong { .. } | Error::ModulusTooSmall { .. }), "{error}");
            continue;
        };
        assert_eq!(hex::encode(decode(&oaep, &block).unwrap()), hex::encode(&message));
        let seed = seed(&block, &*digest, &*mgf1);
        let encoded = oaep.encode(&message, size, &mut given(seed)).unwrap();
        assert_eq!(hex::encode(encoded), hex::encode(block));
    }
}

#[test]
fn damage_to_any_byte_gives_the_same_error() {
    let sha256 = hashers::named("sha256");
    let oaep = Oaep { digest: &*sha256, mgf1: &*sha256, label: b"" };
    let block = oaep.encode(b"message", 128, &mut given(vec![7; 32])).unwrap();
    for at in 0..block.len() {
        for bit in 0..8 {
            let mut damaged = block.clone();
            damaged[at] ^= 1 << bit;
            assert!(matches!(decode(&oaep, &damaged), Err(Error::Padding)), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn each_wrong_part_is_rejected() {
    let (sha1, sha256) = (hashers::named("sha1"), hashers::named("sha256"));
    let oaep = Oaep { digest: &*sha1, mgf1: &*sha256, label: b"label" };
    let block = oaep.encode(b"message", 128, &mut given(vec![7; 20])).unwrap();
    for other in [
        Oaep { digest: &*sha256, ..oaep },
        Oaep { mgf1: &*sha1, ..oaep },
        Oaep { label: b"lebal", ..oaep },
        Oaep { label: b"", ..oaep },
    ] {
        assert!(matches!(decode(&other, &block), Err(Error::Padding)));
    }

    // Damages the unmasked part after the label's hash: zeros, 01, message.
    let mut hash = vec![0; 20];
    sha1.hash(&[b"label"], &mut hash).unwrap();
    let rest = 128 - 1 - 20 - 20;
    for (tail, message) in [
        ([vec![0; 3], vec![1; rest - 3]].concat(), Some(vec![1; rest - 4])),
        ([vec![1], vec![0; rest - 1]].concat(), Some(vec![0; rest - 1])),
        ([vec![0; rest - 1], vec![1]].concat(), Some(vec![])),
        (vec![0; rest], None),
        (vec![2; rest], None),
        ([vec![0; 3], vec![2], vec![1; rest - 4]].concat(), None),
    ] {
        let (mut db, mut seed) = ([hash.clone(), tail].concat(), vec![9; 20]);
        mgf1::mask(&mut db, &seed, &*sha256).unwrap();
        mgf1::mask(&mut seed, &db, &*sha256).unwrap();
        let mut block = [vec![0], seed, db].concat();
        assert_eq!(decode(&oaep, &block).ok(), message);
        block[0] = 1;
        assert!(matches!(decode(&oaep, &block), Err(Error::Padding)));
    }
}

#[test]
fn too_long_message_is_rejected_with_the_maximum() {
    let sha256 = hashers::named("sha256");
    let oaep = Oaep { digest: &*sha256, mgf1: &*sha256, label: b"" };
    let error = oaep.encode(&[0; 63], 128, &mut given(vec![7; 32])).unwrap_err();
    assert!(matches!(error, Error::TooLong { max: 62, found: 63 }), "{error}");
    let error = decode(&oaep, &[0; 65]).unwrap_err();
    assert!(matches!(error, Error::ModulusTooSmall { needed: 528, found: 520 }), "{error}");
}

#[test]
fn failure_of_hash_or_random_source_keeps_its_source() {
    struct Broken;
    impl Hasher for Broken {
        fn size(&self) -> usize {
            20
        }
        fn hash(&self, _: &[&[u8]], _: &mut [u8]) -> Result<(), Failure> {
            Err("fetch failed".into())
        }
    }
    let oaep = Oaep { digest: &Broken, mgf1: &Broken, label: b"" };
    let error = decode(&oaep, &[0; 128]).unwrap_err();
    assert!(matches!(error, Error::Hash(_)), "{error}");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "fetch failed");

    let sha1 = hashers::named("sha1");
    let oaep = Oaep { digest: &*sha1, mgf1: &*sha1, label: b"" };
    let error = oaep.encode(b"", 128, &mut |_| Err("no entropy".into())).unwrap_err();
    assert!(matches!(error, Error::Random(_)), "{error}");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "no entropy");
}
