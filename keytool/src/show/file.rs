//! Describes a key file.

use std::path::Path;

use keyfile::{KeyFile, Kind};
use serde_json::json;
use tpm::template::Storage;
use tpm::{Auth, Tpm};

use super::{loads, policy, public};
use crate::error::Error;
use crate::rows::Rows;

/// Returns the description of a key file. `parent_auth` returns the password of its parent from the settings.
pub(super) fn rows(
    tpm: &Tpm,
    path: &Path,
    key: &KeyFile,
    parent_auth: impl Fn() -> Result<Option<Auth>, Error>,
) -> Rows {
    let mut rows = Rows::new(path.display());
    facts(&mut rows, key);
    public::add_identity(&mut rows, &key.public);
    rows.add("kind", kind(key));
    rows.add("parent", parent(key));
    rows.add("loads here", loads::here(tpm, key, parent_auth));
    rows.add("password", password(key));
    public::add_rules(&mut rows, &key.public);
    policy::add_rows(&mut rows, tpm, key);
    if let Some(description) = &key.description {
        rows.add("description", description.escape_debug());
    }
    public::add_uses(&mut rows, &key.public);
    rows
}

/// Adds the facts that are neither in the public area nor in the policy.
fn facts(rows: &mut Rows, key: &KeyFile) {
    rows.fact("kind", "key-file");
    rows.fact(
        "protection",
        match key.kind {
            Kind::Loadable => "loadable",
            Kind::Importable => "importable",
            Kind::Sealed => "sealed",
        },
    );
    let derived = key.parent.hierarchy_name();
    let parent = json!({
        "handle": key.parent.to_string(),
        "hierarchy": derived,
        "type": derived.map(|_| if key.rsa_parent { "RSA" } else { "EC" }),
        "template": derived.map(|_| if Storage::of(key) == Storage::Old { "old" } else { "standard" }),
    });
    rows.fact("parent", parent);
    rows.fact("needs_password", key.needs_password());
    rows.fact("description", &key.description);
}

fn kind(key: &KeyFile) -> &'static str {
    match (key.kind, key.secret.is_some()) {
        (Kind::Loadable, _) => "loadable: TPM2_Load under its parent",
        (Kind::Importable, _) => {
            "importable: wrapped outside the TPM for its parent's public key; TPM2_Import, then TPM2_Load"
        }
        (Kind::Sealed, false) => "sealed data: TPM2_Load, then TPM2_Unseal",
        (Kind::Sealed, true) => {
            "sealed data, wrapped outside the TPM for its parent's public key: TPM2_Import, TPM2_Load, then TPM2_Unseal"
        }
    }
}

fn parent(key: &KeyFile) -> String {
    let handle = key.parent;
    let primary = key.primary();
    match handle.hierarchy_words() {
        Some(hierarchy) => {
            format!("the {hierarchy} ({handle}): its {primary} storage key, derived when needed")
        }
        None if handle.is_transient() => {
            format!(
                "a transient handle ({handle}), which was valid only in the program that wrote it: the parent is unknown"
            )
        }
        None => format!("the persistent key at {handle}"),
    }
}

fn password(key: &KeyFile) -> &'static str {
    match (key.needs_password(), key.empty_auth) {
        (true, _) => "needed",
        (false, true) => "none",
        (false, false) => "not needed: no use of the key needs one",
    }
}
