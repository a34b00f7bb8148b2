//! `list`: lists the persistent keys and NV indexes, one line each.

use clap::Args;
use keyfile::Handle;
use tpm::Tpm;

use crate::cli::Common;
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::persistent::Persistent;
use crate::show::nv;
use crate::{json, terminal};

mod document;

use document::{Document, Index, Object};

/// List the persistent keys and the NV indexes of the TPM, one line each
///
/// `tpm2-keytool show HANDLE` shows more about each. The content of an NV index is read only if this needs no password, or the owner's password, which is
/// the setting pin in openssl.cnf.
#[derive(Args)]
pub(crate) struct List {
    /// Print JSON (docs/json.md)
    #[arg(long)]
    json: bool,
}

impl List {
    /// Reads and prints the list.
    pub(crate) fn run(self, common: &Common) -> Result<(), Error> {
        let tpm = common.tpm()?;
        let deferred = Deferred::start();
        let found = look(&tpm, common, &deferred);
        tpm.close();
        let document = found?;
        match self.json {
            true => json::print(&document),
            false => document.lines().iter().try_for_each(terminal::result),
        }
    }
}

fn look(tpm: &Tpm, common: &Common, deferred: &Deferred) -> Result<Document, Error> {
    let mut document = Document::new();
    for handle in tpm.persistent_handles()? {
        deferred.check()?;
        document.persistent.push(object(tpm, handle));
    }
    for index in tpm.nv_indexes()? {
        deferred.check()?;
        let (size, holds) = match tpm.nv_public(index) {
            Ok((public, _)) => (Some(public.size), nv::content(tpm, &public, &|| common.parent_auth())),
            Err(error) => (None, vec![format!("cannot be read: {}", error.cause())]),
        };
        document.nv.push(Index::new(index, size, holds));
    }
    Ok(document)
}

/// Describes one object. An object that cannot be read is listed, too.
fn object(tpm: &Tpm, handle: Handle) -> Object {
    match tpm.read_public(handle) {
        Ok((public, _)) => {
            let description = Persistent { handle, public: &public };
            Object::new(handle, description.purpose(), description.to_string(), Some(&public))
        }
        Err(error) => Object::new(handle, "unknown", format!("cannot be read: {}", error.cause()), None),
    }
}
