//! The decoders, each with two classes of blocks for which it should take the same time.
use std::hint::black_box;

use missing::{
    Hasher as _, Oaep, RustCrypto,
    error::Failure,
    mgf1,
    pkcs1::{
        encryption,
        rejection::{self, Secret},
        tls,
    },
};
use sha2::Sha256;

use crate::random::Random;

/// The size of a block in bytes.
pub(crate) const SIZE: usize = 256;

/// Decodes a block and drops the result.
type Decoder = Box<dyn Fn(&[u8])>;

/// The expected result of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expectation {
    /// No difference between the classes.
    Constant,
    /// A difference: a leak was planted to show that the benchmark finds it.
    Leak,
}

/// A decoder and its blocks.
pub(crate) struct Subject {
    /// The decoder and the classes.
    pub(crate) name: &'static str,
    /// Makes a block of the second class, or of the first.
    pub(crate) block: fn(second: bool, &mut Random) -> Result<Vec<u8>, Failure>,
    /// The decoder.
    pub(crate) run: Decoder,
    /// The expected result.
    pub(crate) expectation: Expectation,
}

/// Returns the decoders of this crate.
pub(crate) fn all() -> Vec<Subject> {
    let subject = |name, block, run| Subject { name, block, run, expectation: Expectation::Constant };
    vec![
        subject("rejection: good / bad padding", good_or_bad, implicit()),
        subject("rejection: message of 200 / 10 bytes", long_or_short, implicit()),
        subject("type 2: good / bad padding", good_or_bad, Box::new(|block| drop(encryption::decode(block)))),
        subject("TLS: good / bad padding or version", premaster_or_not, Box::new(premaster)),
        subject("OAEP: good / bad padding", oaep_good_or_bad, Box::new(|block| drop(oaep().decode(block)))),
        subject("OAEP: first byte / all else wrong", manger, Box::new(|block| drop(oaep().decode(block)))),
    ]
}

fn implicit() -> Decoder {
    let secret = Secret::new(b"secret");
    Box::new(move |block| drop(black_box(rejection::decode(block, &[7; SIZE], &secret))))
}

fn premaster(block: &[u8]) {
    drop(black_box(tls::decode(block, 0x0303, None, &[7; tls::PREMASTER])));
}

fn type2(message: &[u8], random: &mut Random) -> Result<Vec<u8>, Failure> {
    let mut fill = |out: &mut [u8]| {
        random.fill(out);
        Ok(())
    };
    Ok(encryption::encode(message, SIZE, &mut fill)?.to_vec())
}

fn long_or_short(second: bool, random: &mut Random) -> Result<Vec<u8>, Failure> {
    type2(if second { &[7; 10] } else { &[7; 200] }, random)
}

pub(crate) fn good_or_bad(second: bool, random: &mut Random) -> Result<Vec<u8>, Failure> {
    let mut block = type2(&[7; 48], random)?;
    if second {
        let (at, byte) =
            [(0, 1), (1, 1), (5, 0), (SIZE - 49, 7)].get(random.below(4)).copied().unwrap_or_default();
        set(&mut block, at, byte);
    }
    Ok(block)
}

fn premaster_or_not(second: bool, random: &mut Random) -> Result<Vec<u8>, Failure> {
    let mut block = type2(&[3; tls::PREMASTER], random)?;
    if second {
        let places = [(0, 1), (1, 1), (5, 0), (SIZE - 49, 7), (SIZE - 48, 2), (SIZE - 47, 1)];
        let (at, byte) = places.get(random.below(places.len())).copied().unwrap_or_default();
        set(&mut block, at, byte);
    }
    Ok(block)
}

pub(crate) const SHA256: RustCrypto<Sha256> = RustCrypto::new();

pub(crate) fn oaep() -> Oaep<'static> {
    Oaep { digest: &SHA256, mgf1: &SHA256, label: b"" }
}

pub(crate) fn oaep_good_or_bad(second: bool, random: &mut Random) -> Result<Vec<u8>, Failure> {
    if second {
        oaep_damaged([0, 40, 100, 207].get(random.below(4)).copied(), random)
    } else {
        oaep_damaged(None, random)
    }
}

pub(crate) fn manger(second: bool, random: &mut Random) -> Result<Vec<u8>, Failure> {
    if second {
        let mut block = vec![0; SIZE];
        random.fill(&mut block);
        set(&mut block, 0, 0);
        Ok(block)
    } else {
        oaep_damaged(Some(0), random)
    }
}

/// Returns a block for a message of 48 bytes, with one byte damaged before masking (damage after it would make the whole block garbage).
fn oaep_damaged(at: Option<usize>, random: &mut Random) -> Result<Vec<u8>, Failure> {
    let mut hash = vec![0; 32];
    SHA256.hash(&[b""], &mut hash)?;
    let mut block = [vec![0; 33], hash, vec![0; SIZE - 65 - 49], vec![1], vec![7; 48]].concat();
    if let Some(at) = at {
        set(&mut block, at, 9);
    }
    let (seed, db) = block.split_at_mut(33);
    let seed = seed.get_mut(1..).ok_or("no seed")?;
    random.fill(seed);
    mgf1::mask(db, seed, &SHA256)?;
    mgf1::mask(seed, db, &SHA256)?;
    Ok(block)
}

fn set(block: &mut [u8], at: usize, byte: u8) {
    if let Some(target) = block.get_mut(at) {
        *target = byte;
    }
}
