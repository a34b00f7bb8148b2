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

/// Writes a map. The caller sorts the keys by length, then by value, as canonical CBOR wants it (CTAP 2 §8).
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
