//! A heading and rows of name and value, aligned and wrapped at no width: made to be read and to be searched.

use std::fmt::{self, Display};

/// Names this long stand in one column.
const COLUMN: usize = 14;

/// What is to be told about one thing.
pub(crate) struct Rows {
    heading: String,
    rows: Vec<(String, String)>,
}

impl Rows {
    /// About `heading`.
    pub(crate) fn new(heading: impl Display) -> Self {
        Rows { heading: heading.to_string(), rows: Vec::new() }
    }

    /// One row.
    pub(crate) fn add(&mut self, name: impl Display, value: impl Display) {
        self.rows.push((name.to_string(), value.to_string()));
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
