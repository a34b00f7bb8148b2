//! The files of known answers: groups of `key = value` lines, bytes in hex.
use std::collections::HashMap;

/// One known answer.
pub(crate) struct Vector(HashMap<&'static str, &'static str>);

impl Vector {
    /// A word.
    pub(crate) fn text(&self, key: &str) -> &'static str {
        self.0.get(key).unwrap_or_else(|| panic!("{key} is missing in {:?}", self.0))
    }

    /// A decimal number.
    pub(crate) fn number(&self, key: &str) -> usize {
        self.text(key).parse().unwrap()
    }

    /// Bytes.
    pub(crate) fn bytes(&self, key: &str) -> Vec<u8> {
        hex::decode(self.text(key)).unwrap_or_else(|_| panic!("{key} is no hex in {:?}", self.0))
    }

    /// Bytes, or nothing where OpenSSL refused.
    pub(crate) fn answer(&self, key: &str) -> Option<Vec<u8>> {
        if matches!(self.text(key), "refused" | "random") { None } else { Some(self.bytes(key)) }
    }
}

/// The known answers of a file; at least one.
pub(crate) fn read(file: &'static str) -> Vec<Vector> {
    let groups = file.split("\n\n").skip(1);
    let vectors: Vec<_> = groups
        .map(|group| {
            let field = |line: &'static str| line.split_once(" =").map(|(key, value)| (key, value.trim()));
            Vector(group.lines().map(|line| field(line).unwrap()).collect())
        })
        .collect();
    assert!(!vectors.is_empty());
    vectors
}
