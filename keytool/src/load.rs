//! `load`: makes the key of a key file persistent in the TPM.

use std::path::PathBuf;

use clap::Args;
use keyfile::{Handle, KeyFile};
use tpm::{Auth, Key, Tpm};

use crate::cli::Common;
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::key_file;
use crate::owner_password::HierarchyPassword;
use crate::parent_password::ParentPassword;
use crate::password::Passwords;
use crate::persistent::{self, PersistentHandle, check_free};

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

    #[command(flatten)]
    owner: HierarchyPassword,

    /// Load a key that has a policy
    ///
    /// The TPM does not store the statements of a policy: programs that use the key by its handle must get them from elsewhere.
    #[arg(short, long)]
    force: bool,
}

impl Load {
    /// Loads the key.
    pub(crate) fn run(self, common: &Common) -> Result<(), Error> {
        let file = key_file::read(&self.file)?;
        self.check(&file)?;
        let mut passwords = Passwords::default();
        let tpm = common.tpm_by(self.parent.given(&mut passwords)?.as_ref())?;
        let PersistentHandle(handle) = self.handle;
        let owner_auth = self.owner.auth(&mut passwords, &tpm, handle, file.parent)?;

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
    check_free(tpm, handle)?;
    deferred.check()?;
    let key = Key::from_file(tpm, file, None)?;
    let _warning = persistent::persist(&key, handle, owner)?;
    deferred.check().inspect_err(|_| persistent::remove_again(&key, handle, owner))
}
