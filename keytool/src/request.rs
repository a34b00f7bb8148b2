//! `request`: a certificate request whose attribute proves that its key is in a TPM.

use std::path::PathBuf;

use attestation::csr;
use clap::Args;
use keyfile::PublicKey;
use tpm::Key;

use crate::certify::damaged;
use crate::cli::Common;
use crate::error::Error;
use crate::evidence::Keys;
use crate::output::{IfExists, Target};
use crate::signing::Signer;
use crate::{certificates, nonce, public_key, software};

mod names;

use names::AlternativeName;

/// Write a certificate request (PKCS#10) with the proof that its key is in a TPM
///
/// The attribute id-aa-attestation (draft-ietf-lamps-csr-attestation) contains the statement of the attestation key, and the certificates of --ak-cert and
/// --ek-cert. The key signs the request, so its password or policy is needed. `openssl req` reads it; `tpm2-keytool verify --format request` checks it.
#[derive(Args)]
#[command(
    after_help = "Example: tpm2-keytool request key.tpm --ak handle:0x81010100 --nonce 2f6b --subject /CN=host.example.com request.pem"
)]
pub(crate) struct Request {
    #[command(flatten)]
    keys: Keys,

    /// The subject, as for `openssl req`: /C=DE/O=Example/CN=host.example.com
    #[arg(long, value_name = "NAME")]
    subject: String,

    /// A subject alternative name: DNS:NAME, IP:ADDRESS, email:ADDRESS or URI:URI; may be repeated
    #[arg(long = "san", value_name = "NAME")]
    names: Vec<AlternativeName>,

    /// The nonce of the verifier: hexadecimal digits, or a file with the bytes, at most 64
    #[arg(long, value_name = "HEX|FILE")]
    nonce: PathBuf,

    /// The EK certificate and its issuers, for a verifier that needs them
    #[arg(long, value_name = "CERT")]
    ek_cert: Option<PathBuf>,

    /// Where to write the request, in PEM
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Request {
    /// Makes the request and writes it.
    pub(crate) fn run(self, common: &Common, if_exists: IfExists) -> Result<(), Error> {
        software::start()?;
        let target = Target::new(&self.file, if_exists)?;
        let nonce = nonce::read(&self.nonce, "nonce")?;
        let others = self.ek_cert.as_deref().map(certificates::read).transpose()?.unwrap_or_default();
        let (subject, extensions) = (names::subject(&self.subject)?, names::extension_request(&self.names)?);
        let der = self.keys.with(common, |opened| {
            let bundle = csr::bundle(&opened.evidence(&nonce)?, &others).map_err(|error| damaged(&error))?;
            signed(&opened.key, &subject, Some(&bundle), &extensions)
        })?;
        target.write(&pem(&der)?)
    }
}

/// Returns a request in DER, signed by its key. The subject, the attestation bundle and the other attributes are in DER.
///
/// # Errors
/// The key cannot sign a request, or the TPM refuses.
pub(crate) fn signed(
    key: &Key,
    subject: &[u8],
    bundle: Option<&[u8]>,
    others: &[Vec<u8>],
) -> Result<Vec<u8>, Error> {
    let signer = Signer::of(key.clone(), "the key cannot sign a request")?;
    let content = csr::to_be_signed(subject, &spki(&key.public().key)?, bundle, others);
    let content = content.map_err(|error| damaged(&error))?;
    let signature = signer.sign(&content)?;
    csr::assemble(&content, &signer.algorithm, &signature).map_err(|error| damaged(&error))
}

/// Returns a SubjectPublicKeyInfo in DER.
fn spki(key: &PublicKey) -> Result<Vec<u8>, Error> {
    public_key::to_openssl(key).and_then(|key| key.public_key_to_der()).map_err(|_| {
        Error::request(
            "OpenSSL cannot write the public key",
            "use an RSA key, or one on P-256, P-384 or P-521",
        )
    })
}

fn pem(der: &[u8]) -> Result<Vec<u8>, Error> {
    openssl::x509::X509Req::from_der(der).and_then(|request| request.to_pem()).map_err(|errors| {
        Error::request(format!("OpenSSL refuses the request: {errors}"), "report this with the command")
    })
}
