//! `show`: a key in words; a key file needs no TPM for it.

use std::path::{Path, PathBuf};

use clap::Args;
use keyfile::{Attributes, Handle, KeyFile, Kind, Public};
use tpm::rc::ResponseCode;

use crate::cli::Common;
use crate::error::Error;
use crate::key_file;
use crate::rows::Rows;
use crate::terminal;

mod public;
mod uses;

/// Show a key file or a persistent key in words
///
/// Type, parent, password, attributes, policy, and what the key can do in TLS. A file is read without the TPM; a handle asks the TPM for its public area.
#[derive(Args)]
pub(crate) struct Show {
    /// A key file, or a persistent handle such as 0x81000001
    #[arg(value_name = "FILE|HANDLE")]
    key: PathBuf,
}

impl Show {
    /// Tells what the key is.
    pub(crate) fn run(self, common: &Common) -> Result<(), Error> {
        let rows = match handle(&self.key) {
            Some(handle) => {
                let tpm = common.tpm();
                let read = tpm.read_public(handle);
                tpm.close();
                let (public, _) = read.map_err(|error| absent(handle, error))?;
                persistent(handle, &public)
            }
            None => file(&self.key)?,
        };
        terminal::result(rows)
    }
}

/// A handle, unless a file is called so.
fn handle(key: &Path) -> Option<Handle> {
    let handle = key.to_str()?.parse::<Handle>().ok()?;
    (!key.exists() && handle.is_persistent()).then_some(handle)
}

/// TPM_RC_HANDLE says that nothing is there.
fn absent(handle: Handle, error: tpm::Error) -> Error {
    match error.response_code().map(|code| ResponseCode(code).base()) {
        Some(ResponseCode::HANDLE) => Error::request(
            format!("there is no key at {handle}"),
            "`tpm2-keytool status` lists the persistent keys of this TPM",
        ),
        _ => Error::Tpm(error),
    }
}

fn file(path: &Path) -> Result<Rows, Error> {
    let key = key_file::read(path)?;
    let mut rows = Rows::new(path.display());
    public::tell(&mut rows, &key.public);
    rows.add("kind", kind(key.kind));
    rows.add("parent", parent(&key));
    rows.add("password", password(&key));
    public::tell_rules(&mut rows, &key.public);
    policy(&mut rows, &key);
    if let Some(description) = &key.description {
        rows.add("description", description.escape_debug());
    }
    public::tell_uses(&mut rows, &key.public);
    Ok(rows)
}

fn persistent(handle: Handle, public: &Public) -> Rows {
    let mut rows = Rows::new(format_args!("persistent handle {handle}"));
    public::tell(&mut rows, public);
    let password = match public.attributes.contains(Attributes::USER_WITH_AUTH) {
        true => "the TPM does not tell whether there is one",
        false => "it does not authorize use; the policy does",
    };
    rows.add("password", password);
    public::tell_rules(&mut rows, public);
    if !public.auth_policy.is_empty() {
        rows.add("policy", "there is one; only the key file that belongs to it tells its statements");
    }
    public::tell_uses(&mut rows, public);
    rows
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Loadable => "loadable: TPM2_Load under its parent",
        Kind::Importable => "importable: TPM2_Import under its parent, then TPM2_Load",
        Kind::Sealed => "sealed data: TPM2_Load, then TPM2_Unseal",
    }
}

fn parent(key: &KeyFile) -> String {
    let handle = key.parent;
    let primary = if key.rsa_parent { "RSA-2048" } else { "P-256" };
    match handle.hierarchy_name() {
        Some(hierarchy) => {
            format!(
                "the {hierarchy} hierarchy ({handle}): its {primary} storage key, derived when it is needed"
            )
        }
        None => format!("the persistent key at {handle}"),
    }
}

fn password(key: &KeyFile) -> &'static str {
    match (key.needs_password(), key.empty_auth) {
        (true, _) => "needed",
        (false, true) => "none",
        (false, false) => "there is one, but no use of the key asks for it",
    }
}

/// The policy sentence by sentence, in the order in which it runs.
fn policy(rows: &mut Rows, key: &KeyFile) {
    match &key.policy {
        None if key.uses_policy() => {
            rows.add("policy", "its statements are not in the file: this key cannot be used with it");
        }
        None => rows.add("policy", "none"),
        Some(statements) if statements.is_empty() => {
            rows.add("policy", "one without statements: always fulfilled");
        }
        Some(statements) => rows.list("policy", statements),
    }
    for signed in &key.auth_policies {
        let name = signed.name.as_deref().unwrap_or("without a name");
        rows.list(format!("signed policy {}", name.escape_debug()), &signed.statements);
    }
}
