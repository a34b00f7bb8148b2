//! Reads the files of known answers: groups of `key = value` lines, with bytes in hex.
use std::collections::HashMap;

/// One known answer.
pub(crate) struct Vector(HashMap<&'static str, &'static str>);

impl Vector {
    /// Returns the text of a field.
    pub(crate) fn text(&self, key: &str) -> &'static str {
        self.0.get(key).unwrap_or_else(|| panic!("{key} is missing in {:?}", self.0))
    }

    /// Returns a decimal number.
    pub(crate) fn number(&self, key: &str) -> usize {
        self.text(key).parse().unwrap()
    }

    /// Returns bytes.
    pub(crate) fn bytes(&self, key: &str) -> Vec<u8> {
        hex::decode(self.text(key)).unwrap_or_else(|_| panic!("{key} is not hex in {:?}", self.0))
    }

    /// Returns bytes, or `None` if OpenSSL rejected the input.
    pub(crate) fn answer(&self, key: &str) -> Option<Vec<u8>> {
        if matches!(self.text(key), "refused" | "random") { None } else { Some(self.bytes(key)) }
    }
}

/// Reads the known answers of a file; there is at least one.
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
