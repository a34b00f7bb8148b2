//! `certify`: an attestation key states that a key is in its TPM.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::Common;
use crate::error::Error;
use crate::evidence::Keys;
use crate::output::{IfExists, Target};
use crate::{nonce, terminal};

mod auth_data;
mod format;

use format::Writer;
pub(crate) use format::{Prefixed, damaged};

/// Prove with an attestation key that a key is in the same TPM (TPM2_Certify)
///
/// The statement contains the Name of the key, which is a hash of its public area with its attributes, and the nonce of the verifier. `tpm2-keytool verify`
/// checks it. Neither a policy of the key nor its use is needed, but its password is. What the statement proves depends on the attestation key: its
/// certificate, or a credential (`tpm2-keytool challenge`), shows that it is in a TPM.
#[derive(Args)]
#[command(
    after_help = "Example: tpm2-keytool certify key.tpm --ak handle:0x81010100 --nonce 2f6b --format tpm2 proof"
)]
pub(crate) struct Certify {
    #[command(flatten)]
    keys: Keys,

    /// The nonce of the verifier: hexadecimal digits, or a file with the bytes
    ///
    /// webauthn: clientDataHash. acme: the key authorization, which is the token, a dot and the thumbprint of the account key; its SHA-256 is signed. tpm2,
    /// csr: the qualifying data itself, at most 64 bytes.
    #[arg(long, value_name = "HEX|FILE")]
    nonce: PathBuf,

    /// The format of the result
    #[arg(long, value_enum, default_value = "tpm2")]
    format: Format,

    /// webauthn: the identifier of the relying party, such as example.com
    #[arg(long, value_name = "ID", required_if_eq("format", "webauthn"))]
    rp_id: Option<String>,

    /// Where to write the result; for tpm2 the beginning of four file names, .attest, .sig, .pub and .ak
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// A format of evidence.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The attestation object of Web Authentication, in CBOR; needs --ak-cert
    Webauthn,
    /// The attestation object of the ACME challenge device-attest-01, in CBOR; needs --ak-cert
    Acme,
    /// TPMS_ATTEST, TPMT_SIGNATURE and TPM2B_PUBLIC of both keys, as tpm2-tools read them
    Tpm2,
    /// The value of the attestation attribute of a request (AttestationBundle), in DER
    Csr,
}

impl Certify {
    /// Makes the statement and writes it.
    pub(crate) fn run(self, common: &Common, if_exists: IfExists) -> Result<(), Error> {
        let targets = match self.format {
            Format::Tpm2 => Prefixed::of(&self.file).targets(if_exists)?,
            _ => vec![Target::new(&self.file, if_exists)?],
        };
        let nonce = nonce::read(&self.nonce, "nonce")?;
        let contents = self.keys.with(common, |opened| {
            let writer = Writer::new(self.format, &nonce, self.rp_id.as_deref(), opened)?;
            let evidence = opened.evidence(&writer.extra_data)?;
            writer.contents(&evidence)
        })?;
        for (target, content) in targets.iter().zip(&contents) {
            target.write(content)?;
        }
        terminal::notice("the key is certified; the verifier must know why it can trust the attestation key");
        Ok(())
    }
}
