//! `srk`: makes the standard storage key persistent at its standard handle.

use clap::Args;
use keyfile::{Handle, Public};
use tpm::template::{Storage, matches_template};
use tpm::{ErrorKind, Parent, Tpm};

use crate::cli::Common;
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::owner_password::{self, OwnerPassword};
use crate::password::Passwords;
use crate::persistent::{Persistent, SRK};
use crate::terminal::{self, Progress};

/// Make the standard storage key persistent at 81000001
///
/// Key files of the owner hierarchy, and those made under it (create -p 81000001), load faster, because their parent need not be derived first; that takes
/// 100 to 300 ms on many chips, and for an RSA parent up to a minute. The key is the P-256 key of the TCG's template, the same that this and other tools
/// derive. If it is persistent already, or the handle is in use by another object, nothing is changed. `evict 81000001` removes it again.
#[derive(Args)]
#[command(after_help = "Example: sudo tpm2-keytool srk")]
pub(crate) struct Srk {
    /// Use the RSA-2048 key instead: for a TPM without P-256, and for files with an RSA parent
    #[arg(long)]
    rsa: bool,

    #[command(flatten)]
    owner: OwnerPassword,
}

impl Srk {
    /// Makes the key persistent, unless it is already.
    pub(crate) fn run(self, common: &Common) -> Result<(), Error> {
        let given = self.owner.given(&mut Passwords::default())?;
        let tpm = common.tpm_by(given.as_ref())?;
        let deferred = Deferred::start();
        let made = self.make(&tpm, &deferred);
        tpm.close();
        terminal::result(made?)
    }

    fn make(&self, tpm: &Tpm, deferred: &Deferred) -> Result<String, Error> {
        let auth = owner_password::auth(tpm, None, SRK);
        let storage = Storage::standard(self.rsa);
        let parent = Parent { handle: Handle::OWNER, storage, auth: auth.clone() };
        let kind = self.kind();
        match tpm.read_public(SRK) {
            Err(error) if error.kind() == ErrorKind::NoObject => {}
            Err(error) => return Err(error.into()),
            Ok((found, _)) if !matches_template(&found, &storage.template()) => {
                return Err(other(&found));
            }
            // The template is right. It is the standard key only if the hierarchy derives the same key from the template.
            Ok((found, name)) => {
                let _progress = self.progress();
                return match tpm.parent_public(&parent)?.1 == name {
                    true => Ok(format!("the {kind} storage key is already at {SRK}")),
                    false => Err(other(&found)),
                };
            }
        }
        deferred.check()?;
        let progress = self.progress();
        tpm.persist_storage_key(self.rsa, SRK, auth.as_ref())?;
        drop(progress);
        Ok(format!("made the {kind} storage key persistent at {SRK}"))
    }

    fn kind(&self) -> &'static str {
        if self.rsa { "RSA-2048" } else { "P-256" }
    }

    fn progress(&self) -> Option<Progress> {
        self.rsa.then(|| Progress::start("deriving the RSA storage key; this can take a minute"))
    }
}

fn other(found: &Public) -> Error {
    let description = Persistent { handle: SRK, public: found };
    Error::request(
        format!("another object is at {SRK}: {description}"),
        format!("if no key needs it, remove it with `tpm2-keytool evict {SRK}`"),
    )
}
