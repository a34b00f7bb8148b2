//! `verify`: the server half of attestation, by the crate `attestation`.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use attestation::{Algorithms, Check, Expected, Outcome, Report, Trust};
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::error::Error;
use crate::exit::Exit;
use crate::{json, terminal};

mod proof;
mod trust;

use proof::Proof;
use trust::{Answer, Trusted};

/// Verify that a key is in a TPM: the evidence of `certify` and `request`
///
/// Needs no TPM. Prints a line for each check: `proven` by a signature, a digest or a decryption, `believed` because someone trusted says so, or `refused`.
/// The exit code is 0 only if no check is refused. Give the reason to trust the attestation key: its certificate leads to a root (--ak-roots); its TPM has
/// answered a challenge and has an EK certificate (--challenge, --answer, --ek-cert, --ek-roots); or its Name was recorded after an earlier proof
/// (--ak-name). Revocation of certificates is not checked. Accept each nonce once.
#[derive(Args)]
#[command(after_help = "Example: tpm2-keytool verify proof --nonce 2f6b --ak-name 000b…")]
pub(crate) struct Verify {
    /// The evidence; for the format tpm2 the beginning of its four file names
    #[arg(value_name = "EVIDENCE")]
    evidence: PathBuf,

    /// The format of the evidence
    #[arg(long, value_enum, default_value = "tpm2")]
    format: Format,

    /// The nonce that was given to the client, in the form that `certify --nonce` accepts
    #[arg(long, value_name = "HEX|FILE")]
    nonce: PathBuf,

    /// The public area of the attestation key, which the formats other than tpm2 do not contain
    #[arg(long, value_name = "PUB")]
    ak: Option<PathBuf>,

    #[command(flatten)]
    trust: Trusted,

    /// The device for which a certificate is requested; permanent identifiers in the certificate of the attestation key must contain it
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    identifier: Option<String>,

    /// Print JSON (docs/json.md)
    #[arg(long)]
    json: bool,
}

/// A format of evidence.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The attestation object of Web Authentication
    Webauthn,
    /// The attestation object of the ACME challenge device-attest-01
    Acme,
    /// The files of tpm2-tools
    Tpm2,
    /// An AttestationBundle
    Csr,
    /// A certificate request in PEM or DER; its key and its signature are checked, too
    Request,
}

impl Verify {
    /// Verifies the evidence and prints the report.
    pub(crate) fn run(self) -> Result<(), Error> {
        let proof = Proof::read(self.format, &self.evidence, &self.nonce, self.ak.as_deref())?;
        let report = self.report(&proof)?;
        match self.json {
            true => json::print(&document(&report))?,
            false => report.checks().iter().try_for_each(terminal::result)?,
        }
        match report.is_accepted() {
            true => Ok(()),
            false => Err(Error::Reported(Exit::FAILURE)),
        }
    }

    fn report(&self, proof: &Proof) -> Result<Report, Error> {
        let answer = self.trust.read()?;
        let trust = match &answer {
            Answer::Certificate { roots } => Trust::Certificate { roots },
            Answer::Recorded(name) => Trust::Recorded(name),
            Answer::Activation { challenge, answer, chain, roots } => {
                Trust::Activation { challenge, answer, chain, roots }
            }
        };
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map(|time| time.as_secs());
        Ok(attestation::verify(
            &proof.evidence,
            &Expected {
                trust,
                extra_data: &proof.extra_data,
                request: proof.request.as_ref().map(|request| (&request.key, request.is_signed)),
                identifier: self.identifier.as_deref(),
                time: time.unwrap_or_default(),
                algorithms: &Algorithms::default(),
            },
        ))
    }
}

fn document(report: &Report) -> Value {
    let checks = report.checks().iter().map(|Check { subject, outcome, cause }| {
        json!({ "check": subject.name(), "result": outcome.name(), "text": cause })
    });
    let refused = report.checks().iter().any(|check| check.outcome == Outcome::Refused);
    json!({
        "schema": "tpm2-keytool/verify/1",
        "ok": !refused,
        "checks": checks.collect::<Vec<_>>(),
    })
}
