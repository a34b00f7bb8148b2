//! Output for programs: one JSON document on stdout, described in docs/json.md.

use serde::Serialize;

use crate::error::Error;
use crate::terminal;

mod key;

pub(crate) use key::Key;

/// Prints a document.
///
/// # Errors
/// stdout cannot be written.
pub(crate) fn print(document: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(document);
    terminal::result(text.map_err(|error| Error::request(error.to_string(), "report this"))?)
}
