//! `create`: makes a key inside the TPM, or wraps an existing private key, and writes its key file.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use keyfile::{Curve, Handle, HashAlg};

use crate::cli::Common;
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::new_password::NewPassword;
use crate::output::{IfExists, Target};
use crate::parent::{ParentArea, ParentHandle};
use crate::parent_password::ParentPassword;
use crate::password::Passwords;
use crate::policy::{Plan, PolicyOptions};
use crate::source::Source;
use crate::terminal;

pub(crate) mod container;
mod help;
mod importable;
mod inside;
mod keep;
mod maker;
mod order;
pub(crate) mod private_key;
pub(crate) mod software_key;

use help::{IMPORT, PARENT, PARENTS};
use keep::Keep;
use order::{Order, Wanted};
use private_key::PrivateKey;

/// Create a TPM key, or wrap an existing private key, and write its key file
///
/// The key is made inside the TPM and never leaves it unencrypted: FILE contains the key encrypted for its parent, which only this TPM has. When the
/// provider tpm2 is configured, OpenSSL accepts FILE wherever it accepts a private key.
#[derive(Args)]
#[command(after_long_help = PARENTS, after_help = "See --help for how to choose passwords (-d) and a parent (-p).")]
pub(crate) struct Create {
    /// The key file to write; only its owner can read it
    #[arg(required_unless_present = "list_curves")]
    file: Option<PathBuf>,

    #[command(flatten)]
    password: NewPassword,

    #[command(flatten)]
    parent: ParentPassword,

    /// Put the key under dictionary-attack protection
    ///
    /// Benefit: after a number of wrong passwords (32 on many TPMs) the TPM refuses every key with this protection for minutes to hours, so that even a
    /// short password cannot be guessed. Cost: every user of the TPM can lock all such keys with wrong passwords, and each unclean power-off may count as a
    /// wrong password. Without -d the TPM never locks, and the password must withstand guessing at the TPM's speed (some hundred tries a second). The option
    /// has no effect on a key without a password. `tpm2-keytool status` shows the counter and how to reset it.
    #[arg(short, long)]
    da: bool,

    /// Create an RSA key (the default)
    #[arg(short, long, conflicts_with = "ecc")]
    rsa: bool,

    /// The size of the RSA key; every TPM supports 2048
    #[arg(short = 's', long, value_name = "BITS", default_value_t = 2048, conflicts_with = "ecc")]
    key_size: u16,

    /// Create an EC key on this curve
    ///
    /// The name of OpenSSL or of the TPM: prime256v1, P-256, nistp256, secp384r1, bnp256 and so on; -l lists the curves of this TPM. OpenSSL does not
    /// support the BN curves.
    #[arg(short, long, value_name = "CURVE")]
    ecc: Option<Curve>,

    /// List the curves of this TPM, one per line
    #[arg(short, long)]
    list_curves: bool,

    /// The hash of the key's Name (its identity in the TPM): sha1, sha256, sha384 or sha512 [default: sha256]
    ///
    /// The same hash is used for the key's policy digest and to shorten long passwords. It does not limit what the key can sign. A parent (--restricted) that
    /// the TPM makes gets the name hash of its own parent.
    #[arg(short, long, value_name = "HASH")]
    name_scheme: Option<HashAlg>,

    /// The parent: a persistent handle in hexadecimal, or owner, null, endorsement, platform [default: parent in openssl.cnf, or owner; with -i owner]
    #[arg(short, long, value_name = "H", long_help = PARENT)]
    parent_handle: Option<ParentHandle>,

    /// Wrap this private key instead of making a new one
    ///
    /// An RSA or EC key in PKCS#1, PKCS#8, SEC1 or PKCS#12, PEM or DER, encrypted or not. This process encrypts it for the parent, so that it never
    /// crosses the bus in the clear. FILE is then as good as a key made in the TPM, but copies of the original file remain dangerous.
    /// Without --salt-name, or -i with the public key of a known parent, an attacker who controls the bus can substitute another parent.
    #[arg(short, long, value_name = "PRIVATE-KEY", conflicts_with_all = ["ecc", "key_size", "rsa"])]
    wrap: Option<PathBuf>,

    /// The source of the wrapped file's password, like -passin of openssl; without it you are asked
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse), requires = "wrap")]
    passin: Option<Source>,

    /// Make an importable key for the parent with this public key; no TPM is needed
    #[arg(short, long, value_name = "PUBKEY", long_help = IMPORT, conflicts_with_all = ["auth_parent", "passparent", "list_curves"])]
    import: Option<PathBuf>,

    /// Make a parent of other keys: a restricted decryption key
    ///
    /// Make it persistent (tpm2-keytool load) and give its handle with -p. It cannot sign or decrypt anything else. With -a it gets a password, which each
    /// use of its children needs. With -w the same private key always gives the same parent, on each TPM and with openssl_tpm2_engine: the key files of its
    /// children work on all of them, also after the TPM was cleared. Anyone who has the private key can decrypt these key files.
    #[arg(long)]
    restricted: bool,

    /// Write the old layout TSS2 KEY BLOB, for programs that read no other
    ///
    /// Under a hierarchy the parent is then the primary key of the old layout: a P-256 storage key without fixedTPM and fixedParent.
    #[arg(long, hide_short_help = true, conflicts_with_all = ["import", "description", "signed_policy"])]
    deprecated: bool,

    /// A description to write to the file
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    #[command(flatten)]
    keep: Keep,

    #[command(flatten)]
    policy: PolicyOptions,
}

/// The place where a key is made.
enum Way {
    /// In software, for a parent that may be in another TPM.
    Outside(ParentArea, PrivateKey),
    /// By the TPM.
    Inside(Wanted),
}

impl Create {
    /// Makes the key.
    pub(crate) fn run(self, common: &Common, if_exists: IfExists) -> Result<(), Error> {
        if self.list_curves {
            return inside::list_curves(&common.tpm()?);
        }
        let Some(file) = &self.file else { return Ok(()) };
        // Everything that can fail without the TPM is done first.
        let target = Target::new(file, if_exists)?;
        // The settings of this machine do not apply to a parent on another machine.
        let handle = match (&self.import, self.parent_handle) {
            (Some(_), named) => named.map_or(Handle::OWNER, |ParentHandle(handle)| handle),
            (None, named) => common.parent(named)?,
        };
        let area = self.import.as_deref().map(|path| ParentArea::read(path, handle)).transpose()?;
        let mut passwords = Passwords::default();
        let wanted = self.wanted(&mut passwords)?;
        let order = self.order(&mut passwords, handle)?;
        let tpm = match &area {
            Some(_) => common.tpm_if_asked()?,
            None => common.tpm_by(self.parent.given(&mut passwords)?.as_ref())?,
        };
        let plan = self.plan(&order)?;
        let place = self.keep.place(&mut passwords, &tpm, handle)?;

        // Software makes its key before the TPM works, so that Ctrl-C ends it at once.
        let way = match area {
            Some(area) => Way::Outside(area, importable::private_key(wanted)?),
            None => Way::Inside(wanted),
        };
        let deferred = Deferred::start();
        let make = || {
            place.as_ref().map_or(Ok(()), |place| place.check(&tpm))?;
            let key = match way {
                Way::Outside(area, given) => importable::make(&tpm, &order, given, &area, plan),
                Way::Inside(wanted) => inside::make(&tpm, order, wanted, plan, &deferred),
            }?;
            deferred.check()?;
            match &place {
                Some(place) => {
                    let write = |reference: &[u8]| deferred.check().and_then(|()| target.write(reference));
                    place.keep(&tpm, key, write).map(|()| None)
                }
                None => Ok(Some(key)),
            }
        };
        let made = make();
        // In every case, no object of this process is left in the TPM.
        tpm.close();
        match made? {
            Some(key) => {
                deferred.check()?;
                target.write(key.to_pem().map_err(Error::Encode)?.as_bytes())
            }
            None => Ok(()),
        }
    }

    fn wanted(&self, passwords: &mut Passwords) -> Result<Wanted, Error> {
        match (self.wrap.as_deref(), self.ecc) {
            (Some(path), _) => {
                let given = container::read(path, || match &self.passin {
                    Some(source) => passwords.from(source, "password of the private key"),
                    None => passwords.ask(&format!("password of {}", path.display())),
                });
                given.map(Wanted::Given)
            }
            (None, Some(curve)) => Ok(Wanted::Ecc(curve)),
            (None, None) => Ok(Wanted::Rsa(self.key_size)),
        }
    }

    fn order(&self, passwords: &mut Passwords, parent: Handle) -> Result<Order, Error> {
        Ok(Order {
            parent,
            name_alg: self.name_scheme,
            da: self.da,
            restricted: self.restricted,
            auth: self.password.auth(passwords, "password of the key")?,
            description: self.description.clone(),
            deprecated: self.deprecated,
        })
    }

    fn plan(&self, order: &Order) -> Result<Option<Plan>, Error> {
        let plan = self.policy.plan(order.auth.is_some())?;
        if plan.is_some() && self.restricted {
            terminal::notice(
                "warning: this program and the provider cannot use a parent with a policy: they load its children with its password only",
            );
        }
        Ok(plan)
    }
}
