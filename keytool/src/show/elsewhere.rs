//! Keys whose private half is not in a file: persistent ones, what leads to them, and public areas alone.

use std::path::Path;

use keyfile::uri::{Location, Uri};
use keyfile::{Attributes, Handle, KeyReference, Public, Serialized};
use tpm::{ErrorKind, Tpm};

use super::{absent, nv, public};
use crate::error::Error;
use crate::rows::Rows;

/// The key at a persistent handle.
pub(super) fn persistent(tpm: &Tpm, handle: Handle) -> Result<Rows, Error> {
    let (public, _) = tpm.read_public(handle).map_err(|error| absent("key", handle, error))?;
    let mut rows = Rows::new(format_args!("persistent handle {handle}"));
    rows.fact("kind", "persistent");
    rows.fact("leads_to", handle.to_string());
    public::tell(&mut rows, &public);
    tell(&mut rows, &public, "the TPM does not tell whether there is one");
    Ok(rows)
}

/// A file that leads to a key in the TPM.
pub(super) fn reference(tpm: &Tpm, path: &Path, reference: &KeyReference, prefix: Option<&str>) -> Rows {
    let mut rows = Rows::new(path.display());
    rows.fact("kind", "reference");
    public::tell(&mut rows, &reference.public);
    // Nothing of the text itself: a password may stand anywhere in it.
    match Uri::parse(&reference.uri, prefix).map(|uri| uri.location) {
        Ok(Location::Key(handle)) => {
            rows.fact("leads_to", handle.to_string());
            rows.add("leads to", handle);
            rows.add("there now", there(tpm, handle, &reference.public));
        }
        Ok(_) => rows.add(
            "leads to",
            "something else than a persistent key: make it anew with `tpm2-keytool reference`",
        ),
        Err(error) => rows.add("leads to", format_args!("nothing: {error}")),
    }
    let password = match reference.empty_auth {
        true => "none",
        false => "not known to be without",
    };
    tell(&mut rows, &reference.public, password);
    rows
}

/// A serialized object of tpm2-tss, as tpm2_evictcontrol -o writes it.
pub(super) fn serialized(tpm: &Tpm, path: &Path, serialized: &Serialized) -> Rows {
    let mut rows = Rows::new(path.display());
    rows.fact("kind", "serialized");
    match serialized {
        Serialized::Nv(index) => {
            rows.add("kind", "serialized object of tpm2-tss: leads to an NV index");
            nv::tell(&mut rows, index);
        }
        Serialized::Key { handle, public } => {
            rows.add("kind", "serialized object of tpm2-tss: leads to a key in the TPM");
            public::tell(&mut rows, public);
            rows.fact("leads_to", handle.to_string());
            rows.add("leads to", handle);
            rows.add("there now", there(tpm, *handle, public));
            tell(&mut rows, public, "not told by this file");
        }
    }
    rows
}

/// A public area without anything that goes with it, as tpm2_readpublic -o writes it.
pub(super) fn area(path: &Path, public: &Public) -> Rows {
    let mut rows = Rows::new(path.display());
    rows.fact("kind", "public-area");
    rows.add("kind", "public area alone: there is no private half in this file, nor does it lead to one");
    public::tell(&mut rows, public);
    tell(&mut rows, public, "not told by this file");
    rows
}

fn tell(rows: &mut Rows, public: &Public, password: &str) {
    let password = match public.attributes.contains(Attributes::USER_WITH_AUTH) {
        true => password,
        false => "it does not authorize use; the policy does",
    };
    rows.add("password", password);
    public::tell_rules(rows, public);
    if !public.auth_policy.is_empty() {
        rows.add("policy", "there is one; only the key file that belongs to it tells its statements");
    }
    public::tell_uses(rows, public);
}

/// Whether the TPM has this key there.
fn there(tpm: &Tpm, handle: Handle, expected: &Public) -> String {
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
