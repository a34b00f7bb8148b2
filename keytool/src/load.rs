//! `load`: makes the key of a file persistent in the TPM.

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
/// The TPM keeps a copy of the key at HANDLE, ready for use without the file: it need not be loaded any more, survives resets, and is gone when its
/// hierarchy is cleared. The file stays as good as before. `tpm2-keytool evict HANDLE` takes the key away again.
#[derive(Args)]
#[command(after_help = "Example: tpm2-keytool load server.tpm 81000100")]
pub(crate) struct Load {
    /// The key file; an importable one is imported first
    #[arg(value_name = "KEYFILE")]
    file: PathBuf,

    /// A free persistent handle in hexadecimal: 81000000 to 817fffff for the owner, 81800000 to 81ffffff for the platform's keys
    handle: Free,

    #[command(flatten)]
    parent: ParentPassword,

    /// The password of the owner hierarchy (of the platform's for its handles), if it is not the parent's
    ///
    /// As visible in the process list as -b; --passowner is better.
    #[arg(long, value_name = "PWD", value_parser = OsStringValueParser::new().map(Secret::from))]
    auth_owner: Option<Secret>,

    /// Where that password comes from; as --passparent
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse), conflicts_with = "auth_owner")]
    passowner: Option<Source>,

    /// Load a key although it has a policy
    ///
    /// The TPM keeps no statements of a policy: whoever uses the key by its handle must know them from elsewhere.
    #[arg(short, long)]
    force: bool,
}

/// A handle where a key can be kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Free(Handle);

impl Load {
    /// Loads the key.
    pub(crate) fn run(self, common: &Common) -> Result<(), Error> {
        let file = key_file::read(&self.file)?;
        self.check(&file)?;
        let mut passwords = Passwords::default();
        let tpm = common.tpm_by(self.parent.given(&mut passwords)?.as_ref())?;
        let Free(handle) = self.handle;
        let owner_auth = match passwords.given(
            self.auth_owner.as_ref(),
            self.passowner.as_ref(),
            "password of the hierarchy",
        )? {
            Some(word) => Some(Auth::new(word.bytes())),
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

    /// What the TPM need not be asked for.
    fn check(&self, file: &KeyFile) -> Result<(), Error> {
        let path = self.file.display();
        if file.parent.hierarchy() == Some(Handle::NULL) {
            return Err(Error::request(
                format!(
                    "{path} is a key of the null hierarchy, which ends with the next reset of the machine"
                ),
                "use the file as it is, or make a key under another parent",
            ));
        }
        let has_policy = file.uses_policy() || file.policy.is_some() || !file.public.auth_policy.is_empty();
        if has_policy && !self.force {
            return Err(Error::request(
                format!(
                    "the key in {path} has a policy, and at a persistent handle nothing tells its statements"
                ),
                "use the file as it is; or load it with -f (--force) if its users know the policy",
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

/// Looks before a key is loaded for nothing.
fn free(tpm: &Tpm, handle: Handle) -> Result<(), Error> {
    match tpm.read_public(handle) {
        Err(error) if error.kind() == ErrorKind::NoObject => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Err(Error::request(
            format!("the handle {handle} is in use"),
            format!(
                "name another; `tpm2-keytool list` lists those in use, `tpm2-keytool evict {handle}` frees this one"
            ),
        )),
    }
}

impl FromStr for Free {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let handle: Handle = text.parse().map_err(|error: keyfile::ParseError| error.to_string())?;
        if handle.is_persistent() {
            return Ok(Free(handle));
        }
        Err(format!("{handle} is no persistent handle: those are 81000000 to 81ffffff"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_persistent_handles_keep_a_key() {
        for text in ["81000001", "0x81000001", "0X81000001"] {
            assert_eq!(text.parse(), Ok(Free(Handle(0x8100_0001))), "{text}");
        }
        for text in ["80000001", "owner", "40000001", "1c00002", "", "81", "0x8100000100", "srk"] {
            assert!(text.parse::<Free>().is_err(), "{text}");
        }
    }
}
