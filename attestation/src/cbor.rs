//! CBOR maps with text keys, read strictly: a verifier must not see another value than the next reader does.

use ciborium::Value;

use crate::Malformed;

/// Deeper structures are refused; an attestation object has three levels.
const DEPTH: usize = 8;

/// A map that is being read. Unknown keys are ignored, repeated ones are refused.
pub(crate) struct Map {
    what: &'static str,
    entries: Vec<(String, Value)>,
}

impl Map {
    /// Reads a map from bytes that hold nothing else.
    pub(crate) fn read(what: &'static str, bytes: &[u8]) -> Result<Self, Malformed> {
        let mut rest = bytes;
        let value: Value = ciborium::de::from_reader_with_recursion_limit(&mut rest, DEPTH)
            .map_err(|_| Malformed::new(what, "it is not CBOR"))?;
        match rest.len() {
            0 => Self::of(what, value),
            left => Err(Malformed::new(what, format!("{left} bytes follow it"))),
        }
    }

    fn of(what: &'static str, value: Value) -> Result<Self, Malformed> {
        let Value::Map(pairs) = value else { return Err(Malformed::new(what, "it is not a map")) };
        let mut entries: Vec<(String, Value)> = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let Value::Text(key) = key else {
                return Err(Malformed::new(what, "a key is not a text"));
            };
            if entries.iter().any(|(known, _)| *known == key) {
                return Err(Malformed::new(what, format!("the key {key:.40} is repeated")));
            }
            entries.push((key, value));
        }
        Ok(Self { what, entries })
    }

    /// Returns a text.
    pub(crate) fn text(&mut self, key: &'static str) -> Result<String, Malformed> {
        self.required(key)?.into_text().map_err(|_| self.wrong(key, "text"))
    }

    /// Returns a byte string.
    pub(crate) fn bytes(&mut self, key: &'static str) -> Result<Vec<u8>, Malformed> {
        self.required(key)?.into_bytes().map_err(|_| self.wrong(key, "byte string"))
    }

    /// Returns a byte string, empty if it is missing.
    pub(crate) fn optional_bytes(&mut self, key: &'static str) -> Result<Vec<u8>, Malformed> {
        match self.take(key) {
            Some(value) => value.into_bytes().map_err(|_| self.wrong(key, "byte string")),
            None => Ok(Vec::new()),
        }
    }

    /// Returns a number.
    pub(crate) fn number(&mut self, key: &'static str) -> Result<i64, Malformed> {
        let number = self.required(key)?.into_integer().map_err(|_| self.wrong(key, "number"))?;
        i64::try_from(number).map_err(|_| self.wrong(key, "64-bit number"))
    }

    /// Returns a list of byte strings with at least one element.
    pub(crate) fn list(&mut self, key: &'static str) -> Result<Vec<Vec<u8>>, Malformed> {
        let list = self.required(key)?.into_array().unwrap_or_default();
        let list: Result<Vec<_>, _> = list.into_iter().map(Value::into_bytes).collect();
        list.ok().filter(|list| !list.is_empty()).ok_or_else(|| self.wrong(key, "list of byte strings"))
    }

    /// Returns a map in this one.
    pub(crate) fn map(&mut self, key: &'static str) -> Result<Self, Malformed> {
        Self::of(key, self.required(key)?)
    }

    fn required(&mut self, key: &'static str) -> Result<Value, Malformed> {
        self.take(key).ok_or_else(|| Malformed::new(self.what, format!("{key} is missing")))
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        let at = self.entries.iter().position(|(known, _)| known == key)?;
        Some(self.entries.swap_remove(at).1)
    }

    fn wrong(&self, key: &str, kind: &str) -> Malformed {
        Malformed::new(self.what, format!("{key} is not a {kind}"))
    }
}

/// Writes a map. The caller sorts the keys by length, then by value, as the CTAP2 canonical form of CBOR wants it.
pub(crate) fn map(entries: Vec<(&str, Value)>) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (Value::from(key), value)).collect())
}

/// Returns the bytes of a value.
pub(crate) fn to_bytes(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A Vec takes everything, and a value is valid CBOR by its type.
    let written = ciborium::into_writer(value, &mut bytes);
    debug_assert!(written.is_ok());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// {"n": 1, "t": "x", "b": h'01', "l": [h'02'], "m": {}}
    const SOUND: &str = "a5616e016174617861624101616c814102616da0";

    type Get = fn(&mut Map) -> Option<Malformed>;

    /// What is read in another way than it was written, and the problem.
    const OTHER_TYPES: &[(&str, Get, &str)] = &[
        (SOUND, |map| map.text("n").err(), "n is not a text"),
        (SOUND, |map| map.number("t").err(), "t is not a number"),
        (SOUND, |map| map.bytes("t").err(), "t is not a byte string"),
        (SOUND, |map| map.optional_bytes("n").err(), "n is not a byte string"),
        (SOUND, |map| map.list("b").err(), "b is not a list of byte strings"),
        (SOUND, |map| map.map("l").err(), "the l cannot be read: it is not a map"),
        (SOUND, |map| map.text("x").err(), "x is missing"),
        // An empty list, a list of numbers, and 2^64 - 1.
        ("a1616c80", |map| map.list("l").err(), "l is not a list of byte strings"),
        ("a1616c8101", |map| map.list("l").err(), "l is not a list of byte strings"),
        ("a1616e1bffffffffffffffff", |map| map.number("n").err(), "n is not a 64-bit number"),
    ];

    fn read(hex: &str) -> Result<Map, String> {
        Map::read("map", &hex::decode(hex.replace(' ', "")).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_read_by_their_types() {
        let mut map = read(SOUND).unwrap();
        assert_eq!((map.number("n").unwrap(), map.text("t").unwrap()), (1, "x".to_owned()));
        assert_eq!((map.bytes("b").unwrap(), map.list("l").unwrap()), (vec![1], vec![vec![2]]));
        assert!(map.map("m").is_ok() && map.optional_bytes("x").unwrap().is_empty());
    }

    #[test]
    fn other_types_are_refused() {
        for (hex, get, expected) in OTHER_TYPES {
            let text = get(&mut read(hex).unwrap()).unwrap().to_string();
            assert!(text.ends_with(expected), "{text}");
        }
    }

    #[test]
    fn malformed_maps_are_refused() {
        for (hex, expected) in [
            ("", "it is not CBOR"),
            ("a1", "it is not CBOR"),
            ("a1616e", "it is not CBOR"),
            ("ff", "it is not CBOR"),
            // Nine lists in each other, a list that claims 2^32 elements, and a text that is not UTF-8.
            ("a1616e818181818181818101", "it is not CBOR"),
            ("a1616e9affffffff", "it is not CBOR"),
            ("a16161 61ff", "it is not CBOR"),
            ("01", "it is not a map"),
            ("80", "it is not a map"),
            ("a10101", "a key is not a text"),
            ("a2616e01616e02", "the key n is repeated"),
            ("a000", "1 bytes follow it"),
        ] {
            let text = read(hex).err().unwrap_or_default();
            assert!(text.ends_with(expected), "{hex}: {text}");
        }
    }
}
