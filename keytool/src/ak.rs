//! `ak`: makes an attestation key in the TPM, and shows one.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use keyfile::wire::Marshal;
use keyfile::{Attributes, Handle, Name, Public};
use openssl::x509::X509;
use tpm::{Auth, Tpm};

use crate::check::subject::{Kind, Subject};
use crate::cli::Common;
use crate::error::{Error, shown};
use crate::interrupt::Deferred;
use crate::opened::check_expected;
use crate::output::{IfExists, Target};
use crate::owner_password::{self, OwnerPassword};
use crate::password::Passwords;
use crate::rows::Rows;
use crate::show::nv::name;
use crate::show::{absent, public};
use crate::source::Source;
use crate::{json, public_key, software, terminal};

mod certificate;
mod place;
mod template;

use place::{FIRST, Place};
use template::Template;

/// Create an attestation key in the TPM, or show one
///
/// An attestation key is a restricted signing key: it signs only statements that its TPM makes, so a signature proves what the TPM states. `create` derives
/// it from the seed of a hierarchy: the same command gives the same key until the seed is changed. It has no password. `show` checks the attributes of any
/// attestation key, such as Azure's at 0x81000003, and finds its certificate if the maker or the cloud has put it into the TPM.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Ak {
    /// What to do
    action: Action,

    /// create: the persistent handle, or a file to which the reference to the first free handle is written; show: a handle, a key file, a
    /// reference or a URI
    #[arg(value_name = "AK")]
    ak: PathBuf,

    /// create: the type of the key
    #[arg(long, value_enum, default_value = "ak")]
    template: Template,

    /// create: the hierarchy: endorsement or owner
    #[arg(short = 'C', long, value_name = "HIERARCHY", default_value = "endorsement", value_parser = hierarchy)]
    hierarchy: Handle,

    /// Write the public area of the key (TPM2B_PUBLIC) to this file; `tpm2-keytool challenge` and `verify` read it
    #[arg(long, value_name = "FILE")]
    public: Option<PathBuf>,

    /// show: write the certificate of the key, which is in the TPM, to this file in PEM
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,

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

/// A certificate and its NV index.
type Found = (Handle, X509);

const EXAMPLES: &str = "\
Examples:
  tpm2-keytool ak create 0x81010100 --public ak.pub
  tpm2-keytool ak create ak.ref
  tpm2-keytool ak show 0x81010100";

fn hierarchy(text: &str) -> Result<Handle, String> {
    let handle = text.parse::<Handle>().ok();
    let handle = handle.filter(|handle| [Handle::ENDORSEMENT, Handle::OWNER].contains(handle));
    handle.ok_or_else(|| "an attestation key is in the hierarchy endorsement or owner".to_owned())
}

impl Ak {
    /// Runs the action.
    pub(crate) fn run(self, common: &Common, if_exists: IfExists) -> Result<(), Error> {
        software::start()?;
        if self.action == Action::Create && self.cert.is_some() {
            return Err(Error::request(
                "`ak create` writes no certificate (--cert)",
                "`tpm2-keytool ak show AK --cert FILE` writes it, if it is in the TPM",
            ));
        }
        let target =
            |path: &Option<PathBuf>| path.as_deref().map(|path| Target::new(path, if_exists)).transpose();
        let (target, cert) = (target(&self.public)?, target(&self.cert)?);
        let (public, name, found) = match self.action {
            Action::Create => {
                let (public, name) = self.create(common, if_exists)?;
                (public, name, None)
            }
            Action::Show => self.show(common)?,
        };
        check(&public)?;
        if let Some(target) = target {
            target.write(&public.to_sized().map_err(tpm::Error::from)?)?;
        }
        if let Some(target) = cert {
            target.write(&pem(found.as_ref())?)?;
        }
        match self.action {
            Action::Create => terminal::result(name),
            Action::Show => {
                let rows = self.rows(&public, found.as_ref())?;
                if self.json {
                    json::print(&rows.document("tpm2-keytool/ak/1"))
                } else {
                    terminal::result(rows)
                }
            }
        }
    }

    /// Derives the key and makes it persistent.
    fn create(&self, common: &Common, if_exists: IfExists) -> Result<(Public, Name), Error> {
        let place = Place::new(&self.ak, if_exists)?;
        // If both passwords come from one source, each takes one line.
        let mut passwords = Passwords::default();
        let given = self.owner.given(&mut passwords)?;
        let endorsement = match self.hierarchy {
            Handle::OWNER => None,
            _ => self.endorsement_password(&mut passwords)?,
        };
        let tpm = common.tpm_by(given.as_ref())?;
        let owner = owner_password::auth(&tpm, given.as_ref(), FIRST);
        let auth = match self.hierarchy {
            Handle::OWNER => owner.clone(),
            _ => endorsement,
        };
        let deferred = Deferred::start();
        let made = place.handle(&tpm).and_then(|at| {
            let key = self.template.primary(&tpm, self.hierarchy, auth)?;
            check(&key.template)?;
            deferred.check()?;
            let made = tpm.persist_primary(&key, at, owner.as_ref())?;
            Ok((at, made))
        });
        tpm.close();
        let (at, (public, name)) = made?;
        place.write(at, &public)?;
        Ok((public, name))
    }

    fn endorsement_password(&self, passwords: &mut Passwords) -> Result<Option<Auth>, Error> {
        const WHAT: &str = "password of the endorsement hierarchy";
        let given = passwords.given(None, self.passendorsement.as_ref(), WHAT)?;
        Ok(given.filter(|secret| !secret.is_empty()).map(|secret| Auth::new(secret.bytes())))
    }

    /// Reads the key, and its certificate if it is in the TPM.
    fn show(&self, common: &Common) -> Result<(Public, Name, Option<Found>), Error> {
        let subject = Subject::read(&self.ak, common.nv_prefix()?.as_deref())?;
        // If the owner's password cannot be read, the indexes that need it are not read.
        let owner = common.parent_auth().ok().flatten();
        let tpm = common.tpm()?;
        let deferred = Deferred::start();
        let read = read(&tpm, &subject.kind).and_then(|public| {
            let found = certificate::find(&tpm, owner.as_ref(), &public.key)?;
            Ok((public, found))
        });
        tpm.close();
        let (public, found) = read?;
        deferred.check()?;
        let name = public.name().map_err(tpm::Error::from)?;
        Ok((public, name, found))
    }

    fn rows(&self, public: &Public, found: Option<&Found>) -> Result<Rows, Error> {
        let mut rows = Rows::new(format_args!("attestation key {}", shown(&self.ak)));
        public::add_identity(&mut rows, public);
        public::add_rules(&mut rows, public);
        if let Some((index, certificate)) = found {
            let (issuer, until) = (name(certificate.issuer_name()), certificate.not_after());
            rows.add(
                "certificate",
                format_args!("in the NV index {index}, issued by {issuer}, valid until {until}"),
            );
        }
        rows.fact("certificate", found.and_then(|found| String::from_utf8(pem(Some(found)).ok()?).ok()));
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

/// Returns the certificate in PEM.
fn pem(found: Option<&Found>) -> Result<Vec<u8>, Error> {
    let (_, certificate) = found.ok_or_else(|| {
        Error::request(
            "no certificate of this attestation key is in the TPM",
            "a CA issues one after `tpm2-keytool challenge` and `activate`",
        )
    })?;
    certificate.to_pem().map_err(|errors| {
        Error::request(format!("OpenSSL cannot write the certificate: {errors}"), "report this")
    })
}

/// Returns the public area of a key.
fn read(tpm: &Tpm, kind: &Kind) -> Result<Public, Error> {
    match kind {
        Kind::File(file) => Ok(file.public.clone()),
        Kind::Handle(handle, expected) => {
            let (public, _) = tpm.read_public(*handle).map_err(|error| absent("key", *handle, error))?;
            check_expected(*handle, expected.as_deref(), &public)?;
            Ok(public)
        }
        Kind::Nv(index) => Err(Error::request(
            format!("there is no key at {index}, which is an NV index"),
            "give the handle of a key",
        )),
    }
}

/// Checks that a key is an attestation key.
fn check(public: &Public) -> Result<(), Error> {
    const ADVICE: &str = "`tpm2-keytool ak create` makes an attestation key";
    let missing = Attributes::ATTESTATION.without(public.attributes);
    if missing != Attributes::NONE {
        return Err(Error::request(format!("it is not an attestation key: {missing} is not set"), ADVICE));
    }
    match public.attributes.contains(Attributes::DECRYPT) {
        true => Err(Error::request("it is not an attestation key: it decrypts", ADVICE)),
        false => Ok(()),
    }
}
