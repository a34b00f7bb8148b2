//! A heading and aligned rows of names and values. Lines are not wrapped, so that they can be searched.

use std::fmt::{self, Display};

use serde::Serialize;
use serde_json::{Map, Value, json};

/// The width of the column of names.
const COLUMN: usize = 14;

/// The description of one object: rows for people, and facts for programs.
pub(crate) struct Rows {
    heading: String,
    rows: Vec<(String, String)>,
    facts: Map<String, Value>,
}

impl Rows {
    /// Creates a description with this heading.
    pub(crate) fn new(heading: impl Display) -> Self {
        Rows { heading: heading.to_string(), rows: Vec::new(), facts: Map::new() }
    }

    /// Adds a row.
    pub(crate) fn add(&mut self, name: impl Display, value: impl Display) {
        self.rows.push((name.to_string(), value.to_string()));
    }

    /// Adds a fact for programs. Its name and values are stable (docs/json.md).
    pub(crate) fn fact(&mut self, name: &str, value: impl Serialize) {
        // All keys of these values are strings, so the conversion to JSON cannot fail.
        self.facts.insert(name.to_owned(), serde_json::to_value(value).unwrap_or_default());
    }

    /// Returns the JSON document: the facts, then the rows.
    pub(crate) fn document(&self, schema: &str) -> Value {
        let mut document = Map::new();
        document.insert("schema".to_owned(), schema.into());
        document.insert("subject".to_owned(), self.heading.clone().into());
        document.extend(self.facts.clone());
        let mut last = "";
        let rows = self.rows.iter().map(|(name, value)| {
            last = if name.is_empty() { last } else { name };
            json!({ "name": last, "value": value })
        });
        document.insert("rows".to_owned(), rows.collect());
        Value::Object(document)
    }

    /// Adds one numbered row per value.
    pub(crate) fn list(&mut self, name: impl Display, values: impl IntoIterator<Item = impl Display>) {
        for (at, value) in values.into_iter().enumerate() {
            let name = if at == 0 { name.to_string() } else { String::new() };
            self.add(name, format_args!("{}. {value}", at + 1));
        }
    }
}

impl Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.heading)?;
        self.rows
            .iter()
            .try_for_each(|(name, value)| write!(f, "\n  {name:width$} {value}", width = COLUMN - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_aligned() {
        let mut rows = Rows::new("key.tpm");
        rows.add("type", "EC");
        rows.list("policy", ["first", "second"]);
        assert_eq!(
            rows.to_string(),
            "key.tpm\n  type          EC\n  policy        1. first\n                2. second"
        );
    }
}
