//! `seal`: data from stdin into a file that only its TPM opens.

use std::path::PathBuf;

use clap::Args;
use keyfile::{Handle, HashAlg};

use crate::cli::Common;
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::new_password::NewPassword;
use crate::output::{IfThere, Target};
use crate::parent::{ParentArea, ParentHandle};
use crate::parent_password::ParentPassword;
use crate::password::Passwords;
use crate::policy::PolicyOptions;

mod data;
mod maker;

use maker::Maker;

/// Seal data from stdin in a file that only this TPM opens
///
/// Up to 128 bytes, such as a passphrase or a disk's key; encrypt what is longer, and seal the key. The data crosses the bus encrypted, and
/// `tpm2-keytool unseal FILE` gives it back, byte for byte. Without --salt-name an attacker who controls the bus can read it.
#[derive(Args)]
#[command(
    after_help = "Example: openssl rand 32 | tpm2-keytool seal disk.tpm; tpm2-keytool unseal disk.tpm | cryptsetup open …"
)]
pub(crate) struct Seal {
    /// The file to write: whole or not at all, readable by its owner only
    file: PathBuf,

    #[command(flatten)]
    password: NewPassword,

    #[command(flatten)]
    parent_password: ParentPassword,

    /// Put the data under dictionary-attack protection
    ///
    /// After some wrong passwords (32 on many TPMs) the TPM refuses everything that has this protection, for minutes to hours, so that a short password
    /// cannot be guessed by trying; but whoever may use the TPM can lock it by guessing wrong. It means nothing without a password.
    #[arg(short, long)]
    da: bool,

    /// The hash of the data's name (its identity inside the TPM): sha1, sha256, sha384 or sha512
    ///
    /// It is also that of its policies, and passwords longer than its digest are hashed with it.
    #[arg(short, long, value_name = "HASH", default_value = "sha256")]
    name_scheme: HashAlg,

    /// The parent: a persistent handle in hexadecimal, or owner, null, endorsement, platform [default: parent in openssl.cnf, or owner; with -i owner]
    #[arg(short, long, value_name = "H")]
    parent_handle: Option<ParentHandle>,

    /// Seal for the parent with this public key: needs no TPM
    ///
    /// PUBKEY is what the machine that is to open the file gives away: its parent's public area (tpm2_readpublic -c 0x81000001 -o PUBKEY), or the public
    /// key alone in PEM or DER; then the standard storage template is assumed. -p says where that machine has the parent; with a hierarchy's name (the
    /// default is owner) PUBKEY must be of its standard P-256 or RSA-2048 storage key. The data is encrypted for PUBKEY and nothing else: get it by a way
    /// that you trust.
    #[arg(short, long, value_name = "PUBKEY", conflicts_with_all = ["auth_parent", "passparent", "nomigrate"])]
    import: Option<PathBuf>,

    /// Never to leave this TPM
    ///
    /// What the TPM seals is bound to it (fixedTPM) as far as its parent is. With -m a parent that may move to another TPM is refused.
    #[arg(short = 'm', long)]
    nomigrate: bool,

    #[command(flatten)]
    policy: PolicyOptions,
}

impl Seal {
    /// Seals the data.
    pub(crate) fn run(self, common: &Common, if_there: IfThere) -> Result<(), Error> {
        // Everything that can fail without the TPM fails before it is asked.
        let target = Target::new(&self.file, if_there)?;
        // Where another machine has the parent is no matter of this one's settings.
        let parent = match (&self.import, self.parent_handle) {
            (Some(_), named) => named.map_or(Handle::OWNER, |ParentHandle(handle)| handle),
            (None, named) => common.parent(named)?,
        };
        let area = self.import.as_deref().map(|path| ParentArea::read(path, parent)).transpose()?;
        let mut passwords = Passwords::beside_data();
        let auth = self.password.auth(&mut passwords, "password of the data")?;
        let parent_password = self.parent_password.given(&mut passwords)?;
        let plan = self.policy.plan(auth.is_some())?;
        let data = data::read()?;

        let tpm = match &area {
            Some(_) => common.tpm_if_asked()?,
            None => common.tpm_by(parent_password.as_ref())?,
        };
        let (name_alg, da, bound) = (self.name_scheme, self.da, self.nomigrate);
        let maker = Maker { tpm: &tpm, parent, name_alg, da, bound, auth, data };
        let deferred = Deferred::start();
        let sealed = match &area {
            Some(area) => maker.importable(area, plan),
            None => maker.inside(plan, &deferred),
        };
        // Whatever happened, nothing of ours stays in the TPM.
        tpm.close();
        let file = sealed?;
        deferred.check()?;
        target.write(file.to_pem().map_err(Error::Encode)?.as_bytes())
    }
}
