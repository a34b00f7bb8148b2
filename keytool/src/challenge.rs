//! `challenge`: the server half of credential activation, in software.

use std::path::{Path, PathBuf};

use attestation::credential::{Challenge as Made, to_file};
use clap::Args;
use keyfile::PublicKey;
use keyfile::wire::Marshal;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::attest::certificate;
use crate::certify::damaged;
use crate::error::Error;
use crate::nonce::to_hex;
use crate::output::{IfExists, Target};
use crate::public_key::{self, PublicArea};
use crate::{certificates, input};

/// The schema of the file that the server keeps.
pub(crate) const SCHEMA: &str = "tpm2-keytool/challenge/1";

/// More bytes than its names and spaces have: a growing buffer would leave copies of the secret behind.
const ROOM: usize = 128;

/// Encrypt a secret that only the TPM with an endorsement key and an attestation key can return
///
/// Needs no TPM. Send CREDENTIAL to the client, which answers with `tpm2-keytool activate`. Keep CHALLENGE: it contains the secret. `tpm2-keytool verify
/// --challenge` accepts the answer for this attestation key only. Use a challenge once. `tpm2_activatecredential -i` reads CREDENTIAL, too.
#[derive(Args)]
#[command(after_help = "Example: tpm2-keytool challenge --ek ek.pem --ak ak.pub credential challenge.json")]
pub(crate) struct Challenge {
    /// The EK certificate, or the public half of the endorsement key
    #[arg(long, value_name = "CERT|PUB")]
    ek: PathBuf,

    /// The public area of the attestation key (TPM2B_PUBLIC), as `tpm2-keytool ak show --public` and tpm2_readpublic -o write it
    #[arg(long, value_name = "PUB")]
    ak: PathBuf,

    /// Where to write the credential
    #[arg(value_name = "CREDENTIAL")]
    credential: PathBuf,

    /// Where to write the challenge, with mode 0600
    #[arg(value_name = "CHALLENGE")]
    challenge: PathBuf,
}

impl Challenge {
    /// Makes the challenge and writes both files.
    pub(crate) fn run(self, if_exists: IfExists) -> Result<(), Error> {
        let credential = Target::new(&self.credential, if_exists)?;
        let challenge = Target::new(&self.challenge, if_exists)?;
        let endorsement = endorsement(&self.ek)?;
        let signer = area(&self.ak)?.name().map_err(tpm::Error::from)?;
        let (made, sent) = Made::new(&endorsement, &signer).map_err(|error| {
            Error::request(
                format!("cannot make a challenge for {}: {error}", self.ek.display()),
                "give an EK certificate: RSA with 2048, 3072 or 4096 bits, or P-256, P-384 or P-521",
            )
        })?;
        let secret = Zeroizing::new(to_hex(&made.secret));
        let (ak_name, ek) = (made.signer.to_string(), to_hex(&with_area(&made.endorsement)?));
        let kept = Kept { schema: SCHEMA, ak_name: &ak_name, ek: &ek, secret: &secret }.write();
        credential.write(&to_file(&sent).map_err(|error| damaged(&error))?)?;
        challenge.write(&kept)
    }
}

/// The file that the server keeps. Its texts are those of the file or the caller, so that the secret is not copied.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept<'a> {
    pub(crate) schema: &'a str,
    pub(crate) ak_name: &'a str,
    pub(crate) ek: &'a str,
    pub(crate) secret: &'a str,
}

impl Kept<'_> {
    fn write(&self) -> Zeroizing<Vec<u8>> {
        let texts = [self.schema, self.ak_name, self.ek, self.secret];
        let size = texts.iter().fold(ROOM, |sum, text| sum.saturating_add(text.len()));
        let mut bytes = Zeroizing::new(Vec::with_capacity(size));
        // Writing texts to memory cannot fail.
        let _ = serde_json::to_writer_pretty(&mut *bytes, self);
        bytes.push(b'\n');
        bytes
    }
}

/// Returns a public area with this key, as the kept file contains it.
fn with_area(key: &PublicKey) -> Result<Vec<u8>, Error> {
    let areas = attestation::credential::areas(key).map_err(tpm::Error::from)?;
    let area = areas.into_iter().next().map(|area| area.to_bytes()).transpose().map_err(tpm::Error::from)?;
    Ok(area.unwrap_or_default())
}

/// Returns the endorsement key of a certificate, or of a file with its public half. The file is read once: it may be a pipe.
///
/// # Errors
/// The file contains neither.
pub(crate) fn endorsement(path: &Path) -> Result<PublicKey, Error> {
    let bytes = input::read(path, "give an EK certificate, or a public key")?;
    if !certificates::of(&bytes).is_empty() {
        return certificate::key_of(path, &bytes);
    }
    Ok(match public_key::parse(path, &bytes)? {
        PublicArea::Whole(area) => area.key,
        PublicArea::Key(key) => key,
    })
}

/// Reads the public area of an attestation key.
///
/// # Errors
/// The file contains no public area: a public key does not determine the Name.
pub(crate) fn area(path: &Path) -> Result<keyfile::Public, Error> {
    match public_key::read(path)? {
        PublicArea::Whole(area) => Ok(area),
        PublicArea::Key(_) => Err(Error::file(
            path,
            "it contains a public key without the attributes of its public area",
            "give the public area: `tpm2-keytool ak show --public FILE` writes it",
        )),
    }
}
