//! Describes keys whose private half is not in a file: persistent keys, files that refer to them, and public areas.

use std::path::Path;

use keyfile::uri::{Location, Uri};
use keyfile::{Attributes, Handle, KeyReference, Public, Serialized};
use tpm::{ErrorKind, Tpm};

use super::{absent, nv, public};
use crate::error::Error;
use crate::rows::Rows;

/// Describes the key at a persistent handle.
pub(super) fn persistent(tpm: &Tpm, handle: Handle) -> Result<Rows, Error> {
    let (public, _) = tpm.read_public(handle).map_err(|error| absent("key", handle, error))?;
    let mut rows = Rows::new(format_args!("persistent handle {handle}"));
    rows.fact("kind", "persistent");
    rows.fact("leads_to", handle.to_string());
    public::add_identity(&mut rows, &public);
    add_use(&mut rows, &public, "unknown: the TPM does not report it");
    Ok(rows)
}

/// Describes a file that refers to a key in the TPM.
pub(super) fn reference(tpm: &Tpm, path: &Path, reference: &KeyReference, prefix: Option<&str>) -> Rows {
    let mut rows = Rows::new(path.display());
    rows.fact("kind", "reference");
    public::add_identity(&mut rows, &reference.public);
    // The URI itself is not shown, because any part of it may be a password.
    match Uri::parse(&reference.uri, prefix).map(|uri| uri.location) {
        Ok(Location::Key(handle)) => {
            rows.fact("leads_to", handle.to_string());
            rows.add("leads to", handle);
            rows.add("there now", present(tpm, handle, &reference.public));
        }
        Ok(_) => {
            rows.add("leads to", "not a persistent key: write the file again with `tpm2-keytool reference`");
        }
        Err(error) => rows.add("leads to", format_args!("nothing: {error}")),
    }
    let password = match reference.empty_auth {
        true => "none",
        false => "may be needed",
    };
    add_use(&mut rows, &reference.public, password);
    rows
}

/// Describes a serialized object of tpm2-tss, as tpm2_evictcontrol -o writes it.
pub(super) fn serialized(tpm: &Tpm, path: &Path, serialized: &Serialized) -> Rows {
    let mut rows = Rows::new(path.display());
    rows.fact("kind", "serialized");
    match serialized {
        Serialized::Nv(index) => {
            rows.add("kind", "serialized object of tpm2-tss: refers to an NV index");
            nv::add_rows(&mut rows, index);
        }
        Serialized::Key { handle, public } => {
            rows.add("kind", "serialized object of tpm2-tss: refers to a key in the TPM");
            public::add_identity(&mut rows, public);
            rows.fact("leads_to", handle.to_string());
            rows.add("leads to", handle);
            rows.add("there now", present(tpm, *handle, public));
            add_use(&mut rows, public, "unknown: this file does not contain it");
        }
    }
    rows
}

/// Describes a public area, as tpm2_readpublic -o writes it.
pub(super) fn area(path: &Path, public: &Public) -> Rows {
    let mut rows = Rows::new(path.display());
    rows.fact("kind", "public-area");
    rows.add("kind", "public area only: this file neither contains the private half nor refers to it");
    public::add_identity(&mut rows, public);
    add_use(&mut rows, public, "unknown: this file does not contain it");
    rows
}

fn add_use(rows: &mut Rows, public: &Public, password: &str) {
    let password = match public.attributes.contains(Attributes::USER_WITH_AUTH) {
        true => password,
        false => "not used: the policy authorizes the use",
    };
    rows.add("password", password);
    public::add_rules(rows, public);
    if !public.auth_policy.is_empty() {
        rows.add("policy", "there is one; its statements are only in the key file");
    }
    public::add_uses(rows, public);
}

/// Returns the text for the row that says whether the TPM has the expected key at this handle.
fn present(tpm: &Tpm, handle: Handle, expected: &Public) -> String {
    match tpm.read_public(handle) {
        Ok((public, _)) if public == *expected => "yes".to_owned(),
        Ok(_) => format!("no: another key is at {handle}"),
        Err(error) => match error.kind() {
            ErrorKind::NoObject => format!("no: there is nothing at {handle} in this TPM"),
            ErrorKind::NoTpm => "unknown, no TPM".to_owned(),
            _ => format!("unknown: {}", error.cause()),
        },
    }
}
