//! Decoders with planted leaks, of the kinds that have occurred in real software. The benchmark must find every one.
use std::hint::black_box;

use missing::Hasher as _;
use missing::mgf1;

use crate::subjects::{Expectation, SHA256, Subject, good_or_bad, manger, oaep, oaep_good_or_bad};

/// Returns the leaks.
pub(crate) fn all() -> Vec<Subject> {
    let subject = |name, block, run: fn(&[u8])| {
        let expectation = Expectation::Leak;
        Subject { name, block, run: Box::new(run), expectation }
    };
    vec![
        subject("planted: type 2 that stops at the first fault", good_or_bad, |block| {
            drop(black_box(first_fault(block)));
        }),
        subject("planted: OAEP that looks at the first byte first", manger, |block| {
            // Manger, CRYPTO 2001.
            if block.first() == Some(&0) {
                drop(black_box(oaep().decode(block)));
            }
        }),
        subject("planted: OAEP that compares until a difference", oaep_good_or_bad, |block| {
            drop(black_box(early_compare(block)));
        }),
    ]
}

/// Decodes in the most obvious way, and stops at the first fault.
fn first_fault(block: &[u8]) -> Option<Vec<u8>> {
    let padded = block.strip_prefix(&[0, 2])?;
    let zero = padded.iter().position(|&byte| byte == 0).filter(|&zero| zero >= 8)?;
    padded.get(zero.checked_add(1)?..).map(<[u8]>::to_vec)
}

/// Decodes OAEP literally (RFC 8017 §7.1.2), with the comparison and the search of a standard library.
fn early_compare(block: &[u8]) -> Option<Vec<u8>> {
    let mut block = block.to_vec();
    let (seed, db) = block.split_at_mut_checked(33)?;
    mgf1::mask(seed.get_mut(1..)?, db, &SHA256).ok()?;
    mgf1::mask(db, seed.get(1..)?, &SHA256).ok()?;
    let mut hash = [0; 32];
    SHA256.hash(&[b""], &mut hash).ok()?;
    let padded = db.strip_prefix(&hash)?;
    let one = padded.iter().position(|&byte| byte != 0).filter(|&at| padded.get(at) == Some(&1))?;
    padded.get(one.checked_add(1)?..).map(<[u8]>::to_vec)
}
