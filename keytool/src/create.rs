//! `create`: makes a key inside the TPM, or wraps a private key that exists, and writes its key file.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use keyfile::{Curve, Handle, HashAlg};

use crate::cli::Common;
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::new_password::NewPassword;
use crate::output::{IfThere, Target};
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
mod maker;
mod order;
pub(crate) mod private_key;

use help::{IMPORT, PARENT, PARENTS};
use order::{Order, Wanted};
use private_key::PrivateKey;

/// Create a TPM key, or wrap an existing private key, and write its key file
///
/// The key is made inside the TPM and never leaves it: FILE holds it encrypted for its parent, which only this TPM has. OpenSSL takes FILE wherever it
/// takes a private key once the provider tpm2 is configured.
#[derive(Args)]
#[command(after_long_help = PARENTS, after_help = "See --help for what decides about passwords (-d) and the parent (-p).")]
pub(crate) struct Create {
    /// The key file to write: whole or not at all, readable by its owner only
    #[arg(required_unless_present = "list_curves")]
    file: Option<PathBuf>,

    #[command(flatten)]
    password: NewPassword,

    #[command(flatten)]
    parent: ParentPassword,

    /// Put the key under dictionary-attack protection
    ///
    /// What it buys: after some wrong passwords (32 on many TPMs) the TPM refuses every key that has this protection, for minutes to hours, so that a short
    /// password cannot be guessed by trying. What it costs: whoever may use the TPM can lock all such keys by guessing wrong, and each unclean power-off
    /// may count as one wrong guess. Without -d nothing ever locks, and the password must be long enough to withstand guessing at the TPM's speed (some
    /// hundred a second). It means nothing for a key without a password. `tpm2-keytool status` tells the counter and how to reset it.
    #[arg(short, long)]
    da: bool,

    /// An RSA key (the default)
    #[arg(short, long, conflicts_with = "ecc")]
    rsa: bool,

    /// Bits of the RSA key: what the TPM offers, 2048 on all of them
    #[arg(short = 's', long, value_name = "BITS", default_value_t = 2048, conflicts_with = "ecc")]
    key_size: u16,

    /// An elliptic-curve key, on this curve
    ///
    /// As OpenSSL or the TPM spells it: prime256v1, P-256, nistp256, secp384r1, bnp256 and so on; -l lists what this TPM has. OpenSSL itself knows no BN
    /// curves.
    #[arg(short, long, value_name = "CURVE")]
    ecc: Option<Curve>,

    /// List the curves that this TPM has, one a line
    #[arg(short, long)]
    list_curves: bool,

    /// The hash of the key's name (its identity inside the TPM): sha1, sha256, sha384 or sha512 [default: sha256]
    ///
    /// It is also that of its policies, and passwords longer than its digest are hashed with it. It does not limit what the key can sign. A parent
    /// (--restricted) that the TPM makes has that of its own parent.
    #[arg(short, long, value_name = "HASH")]
    name_scheme: Option<HashAlg>,

    /// The parent: a persistent handle in hexadecimal, or owner, null, endorsement, platform [default: parent in openssl.cnf, or owner; with -i owner]
    #[arg(short, long, value_name = "H", long_help = PARENT)]
    parent_handle: Option<ParentHandle>,

    /// Wrap this private key instead of making one
    ///
    /// An RSA or EC key in PKCS#1, PKCS#8, SEC1 or PKCS#12, PEM or DER, encrypted or not. It is encrypted for the parent in this process, so that it never
    /// crosses the bus in clear. FILE is then as good as a key made in the TPM, but copies of the original remain as dangerous as they were.
    /// Without --salt-name, or -i with the public key of a parent that you know, an attacker who controls the bus can show another parent.
    #[arg(short, long, value_name = "PRIVATE-KEY", conflicts_with_all = ["ecc", "key_size", "rsa"])]
    wrap: Option<PathBuf>,

    /// Where the password of the wrapped file comes from, as openssl's -passin; without it you are asked
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse), requires = "wrap")]
    passin: Option<Source>,

    /// Make an importable key for the parent with this public key: needs no TPM
    #[arg(short, long, value_name = "PUBKEY", long_help = IMPORT, conflicts_with_all = ["auth_parent", "passparent", "list_curves"])]
    import: Option<PathBuf>,

    /// Make a parent of other keys: a restricted decryption key
    ///
    /// Make it persistent (tpm2-keytool load) and name its handle with -p. It neither signs nor decrypts anything else. -a gives it a password, which each
    /// use of its children needs. With -w it is the same parent each time and on each TPM, and openssl_tpm2_engine makes the same of that private key: the
    /// files of its children work under all of them, after the TPM was cleared too, and whoever has the private key can read them.
    #[arg(long)]
    restricted: bool,

    /// Write the layout from before the standard, TSS2 KEY BLOB, for programs that read no other
    ///
    /// Under a hierarchy the parent is then the primary that such files mean: a P-256 storage key without fixedTPM and fixedParent.
    #[arg(long, hide_short_help = true, conflicts_with_all = ["import", "description"])]
    deprecated: bool,

    /// A description, kept in the file
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    #[command(flatten)]
    policy: PolicyOptions,
}

/// Where a key is made.
enum Way {
    /// In software, for a parent that need not be here.
    Outside(ParentArea, PrivateKey),
    /// By the TPM.
    Inside(Wanted),
}

impl Create {
    /// Makes the key.
    pub(crate) fn run(self, common: &Common, if_there: IfThere) -> Result<(), Error> {
        if self.list_curves {
            return inside::list_curves(&common.tpm()?);
        }
        let Some(file) = &self.file else { return Ok(()) };
        // Everything that can fail without the TPM fails before it is asked.
        let target = Target::new(file, if_there)?;
        // Where another machine has the parent is no matter of this one's settings.
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

        // Software makes a key before the TPM is at work: Ctrl-C ends that at once.
        let way = match area {
            Some(area) => Way::Outside(area, importable::given(wanted)?),
            None => Way::Inside(wanted),
        };
        let deferred = Deferred::start();
        let made = match way {
            Way::Outside(area, given) => importable::make(&tpm, &order, given, &area, plan),
            Way::Inside(wanted) => inside::make(&tpm, order, wanted, plan, &deferred),
        };
        // Whatever happened, nothing of ours stays in the TPM.
        tpm.close();
        let key = made?;
        deferred.check()?;
        target.write(key.to_pem().map_err(Error::Encode)?.as_bytes())
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
                "warning: neither this program nor the provider uses a parent with a policy: they load its children with its password only",
            );
        }
        Ok(plan)
    }
}
