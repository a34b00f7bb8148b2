//! Reads tests/vectors/crypto.txt, which tests/vectors/crypto.py computed from the text of the specification.

use std::collections::BTreeMap;
use std::fmt;

use keyfile::{Curve, HashAlg};

use crate::CryptoError;
use crate::random::Random;

/// One line: a kind, then `name=value` with bytes in hex and numbers in decimal.
pub(super) struct Vector {
    line: &'static str,
    fields: BTreeMap<&'static str, &'static str>,
}

/// Returns all vectors of a kind; there is at least one.
pub(super) fn of(kind: &str) -> Vec<Vector> {
    let found: Vec<Vector> = include_str!("../tests/vectors/crypto.txt")
        .lines()
        .filter(|line| line.split(' ').next() == Some(kind))
        .map(|line| Vector {
            line,
            fields: line.split(' ').filter_map(|field| field.split_once('=')).collect(),
        })
        .collect();
    assert!(!found.is_empty(), "no vectors of kind {kind}");
    found
}

impl Vector {
    pub(super) fn text(&self, name: &str) -> &'static str {
        self.fields.get(name).unwrap_or_else(|| panic!("no {name} in {self}"))
    }

    pub(super) fn bytes(&self, name: &str) -> Vec<u8> {
        hex::decode(self.text(name)).unwrap()
    }

    pub(super) fn number(&self, name: &str) -> u32 {
        self.text(name).parse().unwrap()
    }

    pub(super) fn hash(&self) -> HashAlg {
        self.text("hash").parse().unwrap()
    }

    pub(super) fn curve(&self) -> Curve {
        self.text("curve").parse().unwrap()
    }
}

impl fmt::Display for Vector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.line)
    }
}

/// A source of fixed bytes instead of random ones.
pub(super) struct Known(Vec<Vec<u8>>);

impl Known {
    pub(super) fn new<const N: usize>(draws: [Vec<u8>; N]) -> Self {
        Self(draws.into_iter().rev().collect())
    }
}

impl Random for Known {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), CryptoError> {
        buffer.copy_from_slice(&self.0.pop().expect("drawn too often"));
        Ok(())
    }
}
