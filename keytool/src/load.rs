//! `load`: makes the key of a key file persistent in the TPM.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use keyfile::{Handle, KeyFile};
use tpm::{Auth, ErrorKind, Key, Tpm};

use crate::cli::Common;
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::key_file;
use crate::parent_password::ParentPassword;
use crate::password::{Passwords, Secret};
use crate::source::Source;

/// Make the key of a file persistent in the TPM
///
/// The TPM stores a copy of the key at HANDLE, which can be used without the file and without loading. The copy survives resets, and is removed when its
/// hierarchy is cleared. The file remains usable. `tpm2-keytool evict HANDLE` removes the copy again.
#[derive(Args)]
#[command(after_help = "Example: tpm2-keytool load server.tpm 81000100")]
pub(crate) struct Load {
    /// The key file; an importable one is imported first
    #[arg(value_name = "KEYFILE")]
    file: PathBuf,

    /// A free persistent handle in hexadecimal: 81000000 to 817fffff for keys of the owner, 81800000 to 81ffffff for keys of the platform
    handle: PersistentHandle,

    #[command(flatten)]
    parent: ParentPassword,

    /// The password of the owner hierarchy (of the platform hierarchy for its handles), if it differs from the parent's
    ///
    /// It is visible in the process list while the command runs, and may be saved in the shell's history. Prefer --passowner.
    #[arg(long, value_name = "PWD", value_parser = OsStringValueParser::new().map(Secret::from))]
    auth_owner: Option<Secret>,

    /// The source of that password, as for --passparent
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse), conflicts_with = "auth_owner")]
    passowner: Option<Source>,

    /// Load a key that has a policy
    ///
    /// The TPM does not store the statements of a policy: programs that use the key by its handle must get them from elsewhere.
    #[arg(short, long)]
    force: bool,
}

/// A handle of a persistent key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct PersistentHandle(Handle);

impl Load {
    /// Loads the key.
    pub(crate) fn run(self, common: &Common) -> Result<(), Error> {
        let file = key_file::read(&self.file)?;
        self.check(&file)?;
        let mut passwords = Passwords::default();
        let tpm = common.tpm_by(self.parent.given(&mut passwords)?.as_ref())?;
        let PersistentHandle(handle) = self.handle;
        let owner_auth = match passwords.given(
            self.auth_owner.as_ref(),
            self.passowner.as_ref(),
            "password of the hierarchy",
        )? {
            Some(password) => Some(Auth::new(password.bytes())),
            None => tpm
                .config()
                .parent_auth
                .clone()
                .filter(|_| file.parent.hierarchy() == Some(tpm::persistent_hierarchy(handle))),
        };

        let deferred = Deferred::start();
        let done = persist(&tpm, file, handle, owner_auth.as_ref(), &deferred);
        tpm.close();
        done
    }

    /// Checks what can be checked without the TPM.
    fn check(&self, file: &KeyFile) -> Result<(), Error> {
        let path = self.file.display();
        if file.parent.hierarchy() == Some(Handle::NULL) {
            return Err(Error::request(
                format!(
                    "{path} is a key of the null hierarchy, which does not survive the next reset of the machine"
                ),
                "use the file as it is, or make a key under another parent",
            ));
        }
        let has_policy = file.uses_policy() || file.policy.is_some() || !file.public.auth_policy.is_empty();
        if has_policy && !self.force {
            return Err(Error::request(
                format!(
                    "the key in {path} has a policy, but the TPM does not store the statements with a persistent key"
                ),
                "use the file as it is, or load it with -f (--force) if the programs that use it know the policy",
            ));
        }
        Ok(())
    }
}

fn persist(
    tpm: &Tpm,
    file: KeyFile,
    handle: Handle,
    owner: Option<&Auth>,
    deferred: &Deferred,
) -> Result<(), Error> {
    free(tpm, handle)?;
    deferred.check()?;
    let key = Key::from_file(tpm, file, None)?;
    key.persist(handle, owner)?;
    deferred.check().or_else(|stopped| {
        key.unpersist(handle, owner)?;
        Err(stopped)
    })
}

/// Checks that the handle is free before the key is loaded.
fn free(tpm: &Tpm, handle: Handle) -> Result<(), Error> {
    match tpm.read_public(handle) {
        Err(error) if error.kind() == ErrorKind::NoObject => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Err(Error::request(
            format!("the handle {handle} is in use"),
            format!(
                "name another (`tpm2-keytool list` shows the used ones), or free it with `tpm2-keytool evict {handle}`"
            ),
        )),
    }
}

impl FromStr for PersistentHandle {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let handle: Handle = text.parse().map_err(|error: keyfile::ParseError| error.to_string())?;
        if handle.is_persistent() {
            return Ok(Self(handle));
        }
        Err(format!("{handle} is not a persistent handle: the range is 81000000 to 81ffffff"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_persistent_handles_are_accepted() {
        for text in ["81000001", "0x81000001", "0X81000001"] {
            assert_eq!(text.parse(), Ok(PersistentHandle(Handle(0x8100_0001))), "{text}");
        }
        for text in ["80000001", "owner", "40000001", "1c00002", "", "81", "0x8100000100", "srk"] {
            assert!(text.parse::<PersistentHandle>().is_err(), "{text}");
        }
    }
}
