//! A heading and rows of name and value, aligned and wrapped at no width: made to be read and to be searched.

use std::fmt::{self, Display};

use serde::Serialize;
use serde_json::{Map, Value, json};

/// Names this long stand in one column.
const COLUMN: usize = 14;

/// What is to be told about one thing.
pub(crate) struct Rows {
    heading: String,
    rows: Vec<(String, String)>,
    facts: Map<String, Value>,
}

impl Rows {
    /// About `heading`.
    pub(crate) fn new(heading: impl Display) -> Self {
        Rows { heading: heading.to_string(), rows: Vec::new(), facts: Map::new() }
    }

    /// One row.
    pub(crate) fn add(&mut self, name: impl Display, value: impl Display) {
        self.rows.push((name.to_string(), value.to_string()));
    }

    /// Something for programs alone, whose names and values stay as they are (docs/json.md).
    pub(crate) fn fact(&mut self, name: &str, value: impl Serialize) {
        // A value of ours is no map with other keys than strings, so that it is always JSON.
        self.facts.insert(name.to_owned(), serde_json::to_value(value).unwrap_or_default());
    }

    /// The facts, and behind them what people read.
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

    /// One row per value, numbered.
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
