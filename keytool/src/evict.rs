//! `evict`: removes a persistent key.

use std::str::FromStr;

use clap::Args;
use keyfile::Handle;
use tpm::ErrorKind;

use crate::cli::Common;
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::owner_password::{self, OwnerPassword};
use crate::password::Passwords;
use crate::persistent::Persistent;
use crate::terminal;

/// Remove a persistent key from the TPM
///
/// Asks for confirmation on the terminal. A key without a key file is lost for good. Keys under a removed parent cannot be used until the same parent is
/// persistent again.
#[derive(Args)]
#[command(after_help = "Example: tpm2-keytool evict 81000100")]
pub(crate) struct Evict {
    /// The persistent handle in hexadecimal; `tpm2-keytool list` shows them
    handle: PersistentHandle,

    /// Do not ask for confirmation
    #[arg(short, long, visible_alias = "force")]
    yes: bool,

    #[command(flatten)]
    owner: OwnerPassword,
}

/// A handle of a persistent key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct PersistentHandle(Handle);

impl FromStr for PersistentHandle {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let handle: Handle = text.parse().map_err(|error: keyfile::ParseError| error.to_string())?;
        match handle {
            handle if handle.is_persistent() => Ok(Self(handle)),
            handle if handle.is_nv() => {
                Err(format!("{handle} is an NV index: `tpm2_nvundefine {handle}` removes it"))
            }
            handle => Err(format!("{handle} is not a persistent handle: the range is 81000000 to 81ffffff")),
        }
    }
}

impl Evict {
    /// Reads the key, asks for confirmation, and removes it.
    pub(crate) fn run(self, common: &Common) -> Result<(), Error> {
        let PersistentHandle(handle) = self.handle;
        let given = self.owner.given(&mut Passwords::default())?;
        let tpm = common.tpm_by(given.as_ref())?;
        let deferred = Deferred::start();
        let found = tpm.read_public(handle);
        // The answer may take long, so the TPM is released meanwhile.
        tpm.close();
        drop(deferred);
        let (public, name) = found.map_err(|error| absent(handle, error))?;
        let description = Persistent { handle, public: &public }.to_string();
        if !self.yes {
            confirm(handle, &description)?;
        }
        let deferred = Deferred::start();
        let auth = owner_password::auth(&tpm, given.as_ref(), handle);
        let removed =
            deferred.check().and_then(|()| Ok(tpm.evict_persistent(handle, &name, auth.as_ref())?));
        tpm.close();
        removed?;
        terminal::result(format_args!("removed {handle}: {description}"))
    }
}

fn confirm(handle: Handle, description: &str) -> Result<(), Error> {
    match terminal::confirm(format_args!("Remove {handle} ({description}) from the TPM?")) {
        Some(true) => Ok(()),
        Some(false) => Err(Error::request("nothing was removed", "answer y to remove it")),
        None => Err(Error::request(
            format!("{handle} is removed only after confirmation, and there is no terminal"),
            "give --yes",
        )),
    }
}

fn absent(handle: Handle, error: tpm::Error) -> Error {
    match error.kind() {
        ErrorKind::NoObject => Error::request(
            format!("there is no key at {handle}"),
            "`tpm2-keytool list` shows the persistent keys of this TPM",
        ),
        _ => Error::Tpm(error),
    }
}
