//! `leaf`: issues a short-lived certificate for a software key, signed by a CA key in the TPM.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use asn1::ParseError;
use clap::Args;
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use tpm::Tpm;

use crate::check::subject::Subject;
use crate::cli::Common;
use crate::error::Error;
use crate::folder::Folder;
use crate::interrupt::Deferred;
use crate::key_password::{KeyPassword, Role, described};
use crate::parent_password::ParentPassword;
use crate::password::{Passwords, Secret};
use crate::signing::Signer;
use crate::{opened, software, terminal};

mod algorithm;
mod certificate;
mod der;
mod issuer;
mod name;
mod pair;

use algorithm::Algorithm;
use certificate::Leaf;
use issuer::{Issuer, failed};
use name::HostName;
use pair::Pair;

/// The name of each pair's folder begins so.
const PREFIX: &str = "leaf-";

/// The longest lifetime in hours: thirty days.
const LONGEST: i64 = 30 * 24;

/// Clients whose clocks are this many seconds slow accept a new certificate.
const SLOW_CLOCK: i64 = 600;

/// Issue a short-lived certificate for a software key, signed by a CA key in the TPM
///
/// For servers that make more handshakes than their TPM can sign: the TPM signs once for each certificate, and the server's new key signs the handshakes in
/// software. DIR/current is a symbolic link to a folder with key.pem, cert.pem (the certificate and its chain) and pair.pem (both in one file). It is
/// replaced in one step. Reload the server afterwards. Anyone who can read key.pem can pose as HOST until the certificate expires, and no one can revoke it;
/// the CA key stays in the TPM. Limit the CA with name constraints (docs/short-lived.md).
#[derive(Args)]
#[command(
    after_help = "Example: tpm2-keytool leaf --ca ca.tpm --ca-cert ca.pem --name www.example.com --hours 8 --out /run/leaf",
    mut_arg("password", |arg| described(arg, "The password of the CA key"))
)]
pub(crate) struct IssueLeaf {
    /// The key of the CA: a key file, a reference, or a URI such as handle:0x81000100
    #[arg(long, value_name = "KEY")]
    ca: PathBuf,

    /// The certificate of the CA in PEM, then those of its issuers [default: the certificates in the file of --ca]
    #[arg(long, value_name = "CERT")]
    ca_cert: Option<PathBuf>,

    /// A DNS name of the server, or a wildcard such as *.example.com; may be repeated
    #[arg(long = "name", value_name = "HOST", required = true)]
    names: Vec<HostName>,

    /// The lifetime in hours, at most 720; it ends earlier if a certificate of the CA does
    #[arg(long, value_name = "HOURS", default_value_t = 8, value_parser = clap::value_parser!(i64).range(1..=LONGEST))]
    hours: i64,

    /// The algorithm of the new key
    #[arg(long, value_name = "ALGORITHM", value_enum, ignore_case = true, default_value = "P-256")]
    algorithm: Algorithm,

    /// The folder to write to; it must exist, and should be on a tmpfs
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    #[command(flatten)]
    password: KeyPassword,

    #[command(flatten)]
    parent: ParentPassword,
}

impl IssueLeaf {
    /// Issues the certificate and prints where it is.
    pub(crate) fn run(self, common: &Common) -> Result<(), Error> {
        software::start()?;
        // Everything that can fail without the TPM is done first.
        let folder = Folder::open(&self.out, PREFIX)?;
        let issuer = Issuer::read(self.certificates()?)?;
        let key = self.algorithm.generate().map_err(|errors| failed(&errors))?;
        issuer.check(&self.names, &key)?;
        let subject = Subject::read(&self.ca, common.nv_prefix()?.as_deref())?;
        let mut passwords = Passwords::default();
        let given = self.password.given(&mut passwords, &Role::CA.password())?;
        let password = subject.password(given, &mut passwords, Role::CA)?;
        let tpm = common.tpm_by(self.parent.given(&mut passwords)?.as_ref())?;

        let deferred = Deferred::start();
        let signed = self.signed(&tpm, &subject, &issuer, &key, password.as_ref());
        tpm.close();
        let leaf = signed?;
        deferred.check()?;
        drop(deferred);
        issuer.verify(&leaf)?;
        let pair = Pair::of(&key, &leaf, issuer.sent()).map_err(|errors| failed(&errors))?;
        folder.warn_of_disk();
        let current = folder.replace(&pair.parts())?;
        terminal::result(format_args!(
            "{} is valid until {}",
            current.join("cert.pem").display(),
            leaf.not_after()
        ))
    }

    /// Returns the file with the certificates of the CA.
    fn certificates(&self) -> Result<&Path, Error> {
        match &self.ca_cert {
            Some(path) => Ok(path),
            // The argument is not repeated, because a URI may contain a password.
            None if matches!(self.ca.try_exists(), Ok(false)) => Err(Error::request(
                "--ca does not name a file that could contain the certificate of the CA",
                "give the certificate with --ca-cert",
            )),
            None => Ok(&self.ca),
        }
    }

    fn signed(
        &self,
        tpm: &Tpm,
        subject: &Subject,
        issuer: &Issuer,
        key: &PKey<Private>,
        password: Option<&Secret>,
    ) -> Result<X509, Error> {
        let ca = opened::open(tpm, subject, password, Role::CA, |key| issuer.check_key(key))?;
        let signer = Signer::of(ca, "the CA key cannot sign certificates")?;
        let draft = self.draft(issuer, key)?;
        let content = der::content(&draft, &signer.algorithm).map_err(|error| damaged(&error))?;
        let signature = signer.sign(&content)?;
        let der = der::signed(&content, &signer.algorithm, &signature).map_err(|error| damaged(&error))?;
        X509::from_der(&der).map_err(|errors| failed(&errors))
    }

    fn draft(&self, issuer: &Issuer, key: &PKey<Private>) -> Result<Vec<u8>, Error> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok();
        let now = now.and_then(|now| i64::try_from(now.as_secs()).ok()).unwrap_or_default();
        let at = |seconds: i64| Asn1Time::from_unix(now.saturating_add(seconds));
        let times = at(-SLOW_CLOCK).and_then(|before| Ok((before, at(self.hours.saturating_mul(3600))?)));
        let (before, after) = times.map_err(|errors| failed(&errors))?;
        let (from, until) = (issuer.certificate().not_before(), issuer.not_after());
        let is_later = |one: &Asn1TimeRef, other| matches!(one.compare(other), Ok(Ordering::Greater));
        let shortened = is_later(&after, until);
        if shortened {
            terminal::notice(format_args!(
                "warning: the certificate ends early, because one of its CA's expires on {until}"
            ));
        }
        let leaf = Leaf {
            names: &self.names,
            key,
            not_before: if is_later(from, &before) { from } else { &before },
            not_after: if shortened { until } else { &after },
        };
        leaf.draft(issuer).map_err(|errors| failed(&errors))
    }
}

/// Converts an error of the ASN.1 reader and writer. OpenSSL wrote the structure, so this is a bug.
fn damaged(error: &ParseError) -> Error {
    Error::request(format!("cannot make the certificate: {error}"), "report this with the CA certificate")
}
