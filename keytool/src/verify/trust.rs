//! Why the attestation key is trusted: the options, and the files that they name.

use std::path::{Path, PathBuf};

use attestation::credential::Challenge;
use clap::Args;
use keyfile::wire::Unmarshal;
use keyfile::{Name, Public};
use zeroize::Zeroizing;

use crate::attest::name;
use crate::challenge::{Kept, SCHEMA};
use crate::error::Error;
use crate::nonce::from_hex;
use crate::{certificates, input};

/// The options.
#[derive(Args)]
#[group(required = true, multiple = true)]
pub(super) struct Trusted {
    /// The roots to which the certificate of the attestation key must lead, in PEM
    #[arg(long, value_name = "CERTS", conflicts_with_all = ["ak_name", "challenge"])]
    ak_roots: Option<PathBuf>,

    /// The recorded Name of the attestation key: hexadecimal digits, or a file
    #[arg(long, value_name = "HEX|FILE", conflicts_with = "challenge")]
    ak_name: Option<PathBuf>,

    /// The challenge that `tpm2-keytool challenge` wrote
    #[arg(long, value_name = "FILE", requires_all = ["answer", "ek_cert", "ek_roots"])]
    challenge: Option<PathBuf>,

    /// The answer, which `tpm2-keytool activate` wrote
    #[arg(long, value_name = "FILE", requires = "challenge")]
    answer: Option<PathBuf>,

    /// The EK certificate, then those of its issuers
    #[arg(long, value_name = "CERT", requires = "challenge")]
    ek_cert: Option<PathBuf>,

    /// The roots of TPM makers, in PEM
    #[arg(long, value_name = "CERTS", requires = "challenge")]
    ek_roots: Option<PathBuf>,
}

/// What the options name.
pub(super) enum Answer {
    Certificate { roots: Vec<Vec<u8>> },
    Recorded(Name),
    Activation { challenge: Challenge, answer: Zeroizing<Vec<u8>>, chain: Vec<Vec<u8>>, roots: Vec<Vec<u8>> },
}

impl Trusted {
    /// Reads the files.
    pub(super) fn read(&self) -> Result<Answer, Error> {
        if let Some(roots) = &self.ak_roots {
            return Ok(Answer::Certificate { roots: certificates::read(roots)? });
        }
        if let Some(recorded) = &self.ak_name {
            return Ok(Answer::Recorded(name::read_or_parse(recorded)?));
        }
        match (&self.challenge, &self.answer, &self.ek_cert, &self.ek_roots) {
            (Some(challenge), Some(answer), Some(chain), Some(roots)) => Ok(Answer::Activation {
                challenge: kept(challenge)?,
                answer: input::read(answer, "give the file that `tpm2-keytool activate` wrote")?,
                chain: certificates::read(chain)?,
                roots: certificates::read(roots)?,
            }),
            _ => Err(Error::request(
                "nothing says why the attestation key can be trusted",
                "give --ak-roots, --ak-name, or --challenge with --answer, --ek-cert and --ek-roots",
            )),
        }
    }
}

/// Reads the file that the server kept.
fn kept(path: &Path) -> Result<Challenge, Error> {
    const ADVICE: &str = "give the file CHALLENGE that `tpm2-keytool challenge` wrote";
    let bytes = input::read(path, ADVICE)?;
    let read = || {
        let kept: Kept<'_> = serde_json::from_slice(&bytes).ok()?;
        let secret = Zeroizing::new(from_hex(kept.secret)?);
        let area = Public::from_bytes(&from_hex(kept.ek)?).ok()?;
        let signer = Name::from(from_hex(kept.ak_name)?.as_slice());
        let is_whole = kept.schema == SCHEMA && !secret.is_empty();
        is_whole.then_some(Challenge { signer, endorsement: area.key, secret })
    };
    read().ok_or_else(|| Error::file(path, "it is not a challenge", ADVICE))
}
