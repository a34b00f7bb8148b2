//! `seal`: seals data from stdin in a file that only its TPM can open.

use std::path::PathBuf;

use clap::Args;
use keyfile::{Handle, HashAlg};

use crate::cli::Common;
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::new_password::NewPassword;
use crate::output::{IfExists, Target};
use crate::parent::{ParentArea, ParentHandle};
use crate::parent_password::ParentPassword;
use crate::password::Passwords;
use crate::policy::PolicyOptions;

mod data;
mod maker;

use maker::Maker;

/// Seal data from stdin in a file that only this TPM can open
///
/// The data is at most 128 bytes, such as a passphrase or a disk key; encrypt longer data with a key, and seal the key. `tpm2-keytool unseal FILE` prints
/// the data unchanged. The data is encrypted on the bus; without --salt-name an attacker who controls the bus can read it.
#[derive(Args)]
#[command(
    after_help = "Example: openssl rand 32 | tpm2-keytool seal disk.tpm; tpm2-keytool unseal disk.tpm | cryptsetup open …"
)]
pub(crate) struct Seal {
    /// The file to write; only its owner can read it
    file: PathBuf,

    #[command(flatten)]
    password: NewPassword,

    #[command(flatten)]
    parent_password: ParentPassword,

    /// Put the data under dictionary-attack protection
    ///
    /// After a number of wrong passwords (32 on many TPMs) the TPM refuses everything with this protection for minutes to hours, so that even a short password
    /// cannot be guessed. But every user of the TPM can lock it with wrong passwords. The option has no effect without a password.
    #[arg(short, long)]
    da: bool,

    /// The hash of the data's Name (its identity in the TPM): sha1, sha256, sha384 or sha512
    ///
    /// The same hash is used for the policy digest and to shorten long passwords.
    #[arg(short, long, value_name = "HASH", default_value = "sha256")]
    name_scheme: HashAlg,

    /// The parent: a persistent handle in hexadecimal, or owner, null, endorsement, platform [default: parent in openssl.cnf, or owner; with -i owner]
    #[arg(short, long, value_name = "H")]
    parent_handle: Option<ParentHandle>,

    /// Seal for the parent with this public key; no TPM is needed
    ///
    /// PUBKEY comes from the machine that will open the file. It is the parent's public area (tpm2_readpublic -c 0x81000001 -o PUBKEY), or its public key in
    /// PEM or DER; then the standard storage template is assumed. -p is the parent's handle on that machine; with the name of a hierarchy (the default is
    /// owner) PUBKEY must be the hierarchy's standard P-256 or RSA-2048 storage key. The data is encrypted for PUBKEY only, so get PUBKEY over a channel that
    /// you trust.
    #[arg(short, long, value_name = "PUBKEY", conflicts_with_all = ["auth_parent", "passparent", "nomigrate"])]
    import: Option<PathBuf>,

    /// Refuse a parent that can move to another TPM
    ///
    /// Sealed data is bound to the TPM (fixedTPM) if its parent is. With -m the command fails if the parent is not.
    #[arg(short = 'm', long)]
    nomigrate: bool,

    #[command(flatten)]
    policy: PolicyOptions,
}

impl Seal {
    /// Seals the data.
    pub(crate) fn run(self, common: &Common, if_exists: IfExists) -> Result<(), Error> {
        // Everything that can fail without the TPM is done first.
        let target = Target::new(&self.file, if_exists)?;
        // The settings of this machine do not apply to a parent on another machine.
        let parent = match (&self.import, self.parent_handle) {
            (Some(_), named) => named.map_or(Handle::OWNER, |ParentHandle(handle)| handle),
            (None, named) => common.parent(named)?,
        };
        let area = self.import.as_deref().map(|path| ParentArea::read(path, parent)).transpose()?;
        let mut passwords = Passwords::with_data_on_stdin();
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
        // In every case, no object of this process is left in the TPM.
        tpm.close();
        let file = sealed?;
        deferred.check()?;
        target.write(file.to_pem().map_err(Error::Encode)?.as_bytes())
    }
}
