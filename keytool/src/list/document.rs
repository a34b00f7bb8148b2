//! The output of `list`, as lines and as JSON (docs/json.md).

use keyfile::{Handle, Public};
use serde::Serialize;

use crate::json::Key;

/// The persistent objects and NV indexes of the TPM.
#[derive(Serialize)]
pub(super) struct Document {
    schema: &'static str,
    pub(super) persistent: Vec<Object>,
    pub(super) nv: Vec<Index>,
}

/// A persistent object.
#[derive(Serialize)]
pub(super) struct Object {
    handle: String,
    r#use: &'static str,
    text: String,
    key: Option<Key>,
}

/// An NV index.
#[derive(Serialize)]
pub(super) struct Index {
    index: String,
    size: Option<u16>,
    holds: Vec<String>,
}

impl Document {
    /// Creates an empty list.
    pub(super) fn new() -> Self {
        Self { schema: "tpm2-keytool/list/1", persistent: Vec::new(), nv: Vec::new() }
    }

    /// Returns one line for each entry, or a line that says that there are none.
    pub(super) fn lines(&self) -> Vec<String> {
        let keys = self.persistent.iter().map(|object| format!("{}  {}", object.handle, object.text));
        let nv = self.nv.iter().map(|nv| format!("{}  NV index: {}", nv.index, nv.holds.join("; ")));
        let lines: Vec<String> = keys.chain(nv).collect();
        match lines.is_empty() {
            true => vec!["this TPM has no persistent keys and no NV indexes".to_owned()],
            false => lines,
        }
    }
}

impl Object {
    /// Creates the entry of an object.
    pub(super) fn new(handle: Handle, purpose: &'static str, text: String, public: Option<&Public>) -> Self {
        Self { handle: handle.to_string(), r#use: purpose, text, key: public.map(Key::of) }
    }
}

impl Index {
    /// Creates the entry of an index.
    pub(super) fn new(index: Handle, size: Option<u16>, holds: Vec<String>) -> Self {
        Self { index: index.to_string(), size, holds }
    }
}
