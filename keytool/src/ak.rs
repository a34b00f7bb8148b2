//! `ak`: makes an attestation key in the TPM, and shows one.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use keyfile::wire::Marshal;
use keyfile::{Attributes, Handle, Name, Public};
use tpm::{Auth, Primary, Tpm};

use crate::check::subject::{Kind, Subject};
use crate::cli::Common;
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::output::{IfExists, Target};
use crate::owner_password::{self, OwnerPassword};
use crate::password::Passwords;
use crate::persistent::{PersistentHandle, check_free};
use crate::rows::Rows;
use crate::show::public;
use crate::source::Source;
use crate::{json, public_key, terminal};

/// What makes a key an attestation key: it signs statements of its TPM only, and never leaves it.
const ATTESTS: Attributes = Attributes::FIXED_TPM
    .union(Attributes::FIXED_PARENT)
    .union(Attributes::SENSITIVE_DATA_ORIGIN)
    .union(Attributes::RESTRICTED)
    .union(Attributes::SIGN);

/// Create an attestation key at a persistent handle, or show one
///
/// An attestation key is a restricted signing key: it signs only statements that its TPM makes, so a signature proves what the TPM states. `create` derives
/// it from the seed of a hierarchy: the same command gives the same key until the seed is changed. It has no password. Clouds provide attestation keys at
/// handles of their own, such as 0x81000003; `show` checks their attributes.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Ak {
    /// What to do
    action: Action,

    /// create: the persistent handle; show: a handle, a key file, a reference or a URI
    #[arg(value_name = "AK")]
    ak: PathBuf,

    /// create: the type of the key
    #[arg(long, value_enum, default_value = "ecc")]
    template: Template,

    /// create: the hierarchy: endorsement or owner
    #[arg(short = 'C', long, value_name = "HIERARCHY", default_value = "endorsement", value_parser = hierarchy)]
    hierarchy: Handle,

    /// Write the public area of the key (TPM2B_PUBLIC) to this file; `tpm2-keytool challenge` and `verify` read it
    #[arg(long, value_name = "FILE")]
    public: Option<PathBuf>,

    /// create: the source of the endorsement hierarchy's password: pass:PASSWORD, env:NAME, file:PATH, fd:NUMBER, stdin or prompt
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse))]
    passendorsement: Option<Source>,

    #[command(flatten)]
    owner: OwnerPassword,

    /// show: print JSON (docs/json.md)
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Action {
    /// Derive a key and make it persistent
    Create,
    /// Show the Name, the public area and the policy of a key
    Show,
}

/// The type of an attestation key.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Template {
    /// P-256, ECDSA with SHA-256
    Ecc,
    /// RSA-2048, PKCS#1 v1.5 with SHA-256
    Rsa,
}

const EXAMPLES: &str = "\
Examples:
  tpm2-keytool ak create 0x81010100 --public ak.pub
  tpm2-keytool ak show 0x81010100";

fn hierarchy(text: &str) -> Result<Handle, String> {
    let handle = text.parse::<Handle>().ok();
    let handle = handle.filter(|handle| [Handle::ENDORSEMENT, Handle::OWNER].contains(handle));
    handle.ok_or_else(|| "an attestation key is in the hierarchy endorsement or owner".to_owned())
}

impl Ak {
    /// Runs the action.
    pub(crate) fn run(self, common: &Common, if_exists: IfExists) -> Result<(), Error> {
        let target = self.public.as_deref().map(|path| Target::new(path, if_exists)).transpose()?;
        let (public, name) = match self.action {
            Action::Create => self.create(common)?,
            Action::Show => self.show(common)?,
        };
        check(&public)?;
        if let Some(target) = target {
            target.write(&public.to_sized().map_err(tpm::Error::from)?)?;
        }
        match self.action {
            Action::Create => terminal::result(name),
            Action::Show if self.json => json::print(&self.rows(&public)?.document("tpm2-keytool/ak/1")),
            Action::Show => terminal::result(self.rows(&public)?),
        }
    }

    /// Derives the key and makes it persistent.
    fn create(&self, common: &Common) -> Result<(Public, Name), Error> {
        let at = self.ak.to_str().unwrap_or_default().parse::<PersistentHandle>();
        let PersistentHandle(at) = at.map_err(|problem| {
            Error::request(problem, "an attestation key is made at a persistent handle, such as 0x81010100")
        })?;
        let given = self.owner.given()?;
        let tpm = common.tpm_by(given.as_ref())?;
        let owner = owner_password::auth(&tpm, given.as_ref(), at);
        let auth = match self.hierarchy {
            Handle::OWNER => owner.clone(),
            _ => self.endorsement_password()?,
        };
        let key = Primary::signer(self.hierarchy, auth, self.template == Template::Rsa);
        let deferred = Deferred::start();
        let made = check_free(&tpm, at).and_then(|()| {
            deferred.check()?;
            Ok(tpm.persist_primary(&key, at, owner.as_ref())?)
        });
        tpm.close();
        made
    }

    fn endorsement_password(&self) -> Result<Option<Auth>, Error> {
        const WHAT: &str = "password of the endorsement hierarchy";
        let given = Passwords::default().given(None, self.passendorsement.as_ref(), WHAT)?;
        Ok(given.filter(|secret| !secret.is_empty()).map(|secret| Auth::new(secret.bytes())))
    }

    /// Reads the key.
    fn show(&self, common: &Common) -> Result<(Public, Name), Error> {
        let subject = Subject::read(&self.ak, common.nv_prefix()?.as_deref())?;
        let tpm = common.tpm()?;
        let deferred = Deferred::start();
        let found = read(&tpm, &subject.kind);
        tpm.close();
        let public = found?;
        deferred.check()?;
        let name = public.name().map_err(tpm::Error::from)?;
        Ok((public, name))
    }

    fn rows(&self, public: &Public) -> Result<Rows, Error> {
        let mut rows = Rows::new(format_args!("attestation key {}", self.ak.display()));
        public::add_identity(&mut rows, public);
        public::add_rules(&mut rows, public);
        let pem = public_key::to_openssl(&public.key).and_then(|key| key.public_key_to_pem());
        let pem = pem.ok().and_then(|pem| String::from_utf8(pem).ok());
        let pem = pem.ok_or_else(|| {
            Error::request("OpenSSL cannot read the public key", "use a key on P-256, P-384 or P-521, or RSA")
        })?;
        rows.fact("public_key", &pem);
        rows.list("public key", pem.lines());
        Ok(rows)
    }
}

/// Returns the public area of a key.
fn read(tpm: &Tpm, kind: &Kind) -> Result<Public, Error> {
    match kind {
        Kind::File(file) => Ok(file.public.clone()),
        Kind::Handle(handle, _) => Ok(tpm.read_public(*handle)?.0),
        Kind::Nv(index) => Err(Error::request(
            format!("there is no key at {index}, which is an NV index"),
            "give the handle of a key",
        )),
    }
}

/// Checks that a key is an attestation key.
fn check(public: &Public) -> Result<(), Error> {
    const ADVICE: &str = "`tpm2-keytool ak create` makes an attestation key";
    let missing = ATTESTS.without(public.attributes);
    if missing != Attributes::NONE {
        return Err(Error::request(format!("it is not an attestation key: {missing} is not set"), ADVICE));
    }
    match public.attributes.contains(Attributes::DECRYPT) {
        true => Err(Error::request("it is not an attestation key: it decrypts", ADVICE)),
        false => Ok(()),
    }
}
