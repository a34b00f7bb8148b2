//! `enrol`: gets a certificate for a key that is proven to be in this TPM, by ACME with the challenge device-attest-01.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use keyfile::PublicKey;
use openssl::asn1::Asn1TimeRef;
use tpm::Tpm;

use crate::check::subject::{Kind, Subject};
use crate::cli::Common;
use crate::error::Error;
use crate::folder::{Folder, Part};
use crate::interrupt::Deferred;
use crate::key_password::{AkPassword, KeyPassword, Role};
use crate::parent_password::ParentPassword;
use crate::password::Passwords;
use crate::{software, terminal};

mod account;
mod acme;
mod chain;
mod current;
mod device;
mod http;
mod jws;
mod order;
mod problem;
mod request;
mod tls;

use account::Account;
use acme::Acme;
use chain::Chain;
use current::Current;
use device::Device;
use http::Http;
use order::Order;

/// The name of the folder of each certificate begins so.
const PREFIX: &str = "enrol-";

/// Get a certificate for a key that is proven to be in this TPM, from an ACME server
///
/// An attestation key of this TPM certifies KEY, and the server checks that before it issues: the challenge is device-attest-01, the identifier a
/// permanent-identifier. The key of the ACME account is in the TPM, too. DIR/current is a symbolic link to a folder with cert.pem (the certificate and its
/// chain) and, if KEY is a file, key.pem (a copy of it); it is replaced in one step. If less than two thirds of the lifetime of the current certificate have
/// passed, nothing is done. The server believes the issuer of the attestation key's certificate; it learns the identifier and that certificate.
#[derive(Args)]
#[command(
    after_help = "Example: tpm2-keytool enrol --acme https://ca.example/directory --identifier device-17 --ak ak.tpm --ak-cert ak.pem --out /var/lib/enrol device.tpm"
)]
pub(crate) struct Enrol {
    /// The URL of the server's ACME directory
    #[arg(long, value_name = "URL")]
    acme: String,

    /// The permanent identifier of this device, as the server knows it
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    identifier: String,

    /// The attestation key: a key file, a reference, or a URI such as handle:0x81010100
    #[arg(long, value_name = "AK")]
    ak: PathBuf,

    /// The certificate of the attestation key in PEM, then those of its issuers [default: the certificates in the file of --ak]
    #[arg(long, value_name = "FILE")]
    ak_cert: Option<PathBuf>,

    /// The key file of the ACME account; it is created if it does not exist [default: account.tpm in DIR]
    #[arg(long, value_name = "FILE")]
    account: Option<PathBuf>,

    /// The certificates that sign the server's, in PEM [default: those of the system]
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,

    /// The folder to write to; it must exist
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Get a new certificate even if the current one is new enough
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    password: KeyPassword,

    #[command(flatten)]
    ak_password: AkPassword,

    #[command(flatten)]
    parent: ParentPassword,

    /// The key: a key file, a reference, or a URI such as handle:0x81000100
    key: PathBuf,
}

impl Enrol {
    /// Gets the certificate and prints where it is.
    pub(crate) fn run(self, common: &Common) -> Result<(), Error> {
        software::start()?;
        // Everything that can fail without the TPM and the server is done first.
        let folder = Folder::open(&self.out, PREFIX)?;
        let prefix = common.nv_prefix()?;
        let subject = Subject::read(&self.key, prefix.as_deref())?;
        let signer = Subject::read(&self.ak, prefix.as_deref())?;
        let chain = Chain::read(self.file_of_chain()?)?;
        let mut passwords = Passwords::default();
        let tpm = common.tpm_by(self.parent.given(&mut passwords)?.as_ref())?;
        let deferred = Deferred::start();
        let done = self.renewed(&tpm, &subject, (&signer, &chain), &mut passwords, common, &deferred);
        tpm.close();
        let Some(issued) = done? else { return Ok(()) };
        deferred.check()?;
        let copy = match &subject.kind {
            Kind::File(file) => Some(file.to_file().map_err(Error::Encode)?),
            _ => None,
        };
        let certificate = Part { name: "cert.pem", contents: &issued, mode: 0o644 };
        let key = copy.as_deref().map(|contents| Part { name: "key.pem", contents, mode: 0o600 });
        let parts: Vec<Part<'_>> = std::iter::once(certificate).chain(key).collect();
        let written = folder.replace(&parts)?.join("cert.pem");
        let current = Current::read(&written)?;
        terminal::result(format_args!("{} is valid until {}", written.display(), current.not_after()))
    }

    /// Returns the new chain in PEM; none if the current certificate is new enough.
    fn renewed(
        &self,
        tpm: &Tpm,
        subject: &Subject,
        (signer, chain): (&Subject, &Chain),
        passwords: &mut Passwords,
        common: &Common,
        deferred: &Deferred,
    ) -> Result<Option<Vec<u8>>, Error> {
        let http = Http::new(self.cacert.as_deref())?;
        let written = self.out.join("current/cert.pem");
        if !self.force && written.exists() {
            let current = Current::read(&written)?;
            if let Some(from) = current.renewed_from(&public_half(tpm, subject)?)? {
                let (from, until): (&Asn1TimeRef, _) = (&from, current.not_after());
                terminal::result(format_args!(
                    "{} is valid until {until}; it is renewed from {from} on",
                    written.display()
                ))?;
                return Ok(None);
            }
        }
        let given = self.password.given(passwords, &Role::KEY.password())?;
        let password = subject.password(given, passwords, Role::KEY)?;
        let password_of_signer = signer.password(self.ak_password.given(passwords)?, passwords, Role::AK)?;
        let device =
            Device::open(tpm, (subject, password.as_ref()), (signer, password_of_signer.as_ref()), chain)?;
        let account = Account::open(
            tpm,
            &self.file_of_account(),
            common.parent(None)?,
            common.nv_prefix()?.as_deref(),
        )?;
        deferred.check()?;
        let mut acme = Acme::open(http, &self.acme, &account, deferred)?;
        let mut order = Order::new(&mut acme, &self.identifier)?;
        order.prove(&device)?;
        order.finalize(&device.request(&self.identifier)?)?;
        let issued = order.certificate()?;
        chain::check(&issued, device.public())?;
        Ok(Some(issued))
    }

    fn file_of_account(&self) -> PathBuf {
        self.account.clone().unwrap_or_else(|| self.out.join("account.tpm"))
    }

    /// Returns the file with the certificates of the attestation key.
    fn file_of_chain(&self) -> Result<&Path, Error> {
        match &self.ak_cert {
            Some(path) => Ok(path),
            // The argument is not repeated, because a URI may contain a password.
            None if matches!(self.ak.try_exists(), Ok(false)) => Err(Error::request(
                "--ak does not name a file that could contain the certificate of the attestation key",
                "give the certificate with --ak-cert",
            )),
            None => Ok(&self.ak),
        }
    }
}

/// Returns the public half of a key. The TPM is used only for a handle whose key is not known.
fn public_half(tpm: &Tpm, subject: &Subject) -> Result<PublicKey, Error> {
    Ok(match &subject.kind {
        Kind::File(file) => file.public.key.clone(),
        Kind::Handle(_, Some(public)) => public.key.clone(),
        Kind::Handle(handle, None) | Kind::Nv(handle) => tpm.read_public(*handle)?.0.key,
    })
}
