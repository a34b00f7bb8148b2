//! `ek`: the endorsement keys of the TPM: their certificates in NV with their chain, or their public halves.

use std::path::PathBuf;

use clap::Args;
use keyfile::{Curve, Handle, PublicKey};
use openssl::x509::X509;
use serde_json::{Value, json};
use tpm::template::Template;
use tpm::{Primary, Tpm};

use crate::attest::read_index;
use crate::cli::Common;
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::output::{IfExists, Target};
use crate::show::nv::name;
use crate::{certificates, json, public_key, software, terminal};

/// The indexes of the certificates (TCG EK credential profile for TPM 2.0 §2.2.1.4, §2.2.1.5), and the keys that they are for.
const CERTIFICATES: [(Handle, &str); 9] = [
    (Handle(0x01c0_0002), "RSA-2048"),
    (Handle(0x01c0_000a), "P-256"),
    (Handle(0x01c0_0012), "RSA-2048"),
    (Handle(0x01c0_0014), "P-256"),
    (Handle(0x01c0_0016), "P-384"),
    (Handle(0x01c0_0018), "P-521"),
    (Handle(0x01c0_001a), "SM2"),
    (Handle(0x01c0_001c), "RSA-3072"),
    (Handle(0x01c0_001e), "RSA-4096"),
];
/// The indexes of the chain.
const CHAIN: std::ops::RangeInclusive<u32> = 0x01c0_0100..=0x01c0_01ff;

/// List the EK certificates of the TPM, and write them with their chain
///
/// An EK certificate identifies a TPM: its maker certifies that the endorsement key is in a genuine TPM. It is the same for every CA, so give it only to
/// those that may recognize the machine. Nothing is verified here: `tpm2-keytool verify` checks the chain.
#[derive(Args)]
#[command(after_help = "Example: tpm2-keytool ek --index 0x1c0000a ek.pem")]
pub(crate) struct Ek {
    /// Write the certificate in this index [default: the first certificate]
    #[arg(long, value_name = "INDEX")]
    index: Option<Handle>,

    /// Write the certificate, then its chain, in PEM; without a certificate the public half of the P-256 endorsement key, or of the RSA-2048 one
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// Print JSON (docs/json.md)
    #[arg(long)]
    json: bool,
}

/// What the TPM has.
struct Found {
    certificates: Vec<(Handle, &'static str, X509)>,
    chain: Vec<X509>,
    /// The public half of an endorsement key, if there is no certificate.
    public: Option<PublicKey>,
}

impl Ek {
    /// Finds, writes and prints the certificates.
    pub(crate) fn run(self, common: &Common, if_exists: IfExists) -> Result<(), Error> {
        software::start()?;
        let target = self.file.as_deref().map(|path| Target::new(path, if_exists)).transpose()?;
        let tpm = common.tpm()?;
        let deferred = Deferred::start();
        let found = Found::in_nv(&tpm, common);
        tpm.close();
        let found = found?;
        deferred.check()?;
        if let Some(target) = target {
            target.write(&found.pem(self.index)?)?;
        }
        match self.json {
            true => json::print(&found.document()),
            false => found.lines().into_iter().try_for_each(terminal::result),
        }
    }
}

impl Found {
    fn in_nv(tpm: &Tpm, common: &Common) -> Result<Self, Error> {
        let defined = tpm.nv_indexes()?;
        // If the owner's password cannot be read, the indexes that need it are not read.
        let owner = common.parent_auth().ok().flatten();
        let read =
            |index| read_index(tpm, owner.as_ref(), index).map(|bytes| bytes.to_vec()).unwrap_or_default();
        let parsed = |bytes: &[u8]| -> Vec<X509> {
            certificates::of(bytes).iter().filter_map(|der| X509::from_der(der).ok()).collect()
        };
        let known = CERTIFICATES.into_iter().filter(|(index, _)| defined.contains(index));
        let certificates: Vec<_> = known
            .filter_map(|(index, key)| Some((index, key, parsed(&read(index)).into_iter().next()?)))
            .collect();
        // A chain may be longer than one index: then it continues in the next.
        let chain: Vec<u8> =
            defined.iter().filter(|index| CHAIN.contains(&index.0)).flat_map(|index| read(*index)).collect();
        let public = if certificates.is_empty() { Some(public_half(tpm)?) } else { None };
        Ok(Self { certificates, chain: parsed(&chain), public })
    }

    /// Returns the contents of the file.
    fn pem(&self, index: Option<Handle>) -> Result<Vec<u8>, Error> {
        let broken = |_| Error::request("OpenSSL cannot write the certificate", "report this");
        let mut wanted = self.certificates.iter().filter(|(at, ..)| index.is_none_or(|index| index == *at));
        if let Some((.., certificate)) = wanted.next() {
            let mut pem = certificate.to_pem().map_err(broken)?;
            for issuer in &self.chain {
                pem.extend(issuer.to_pem().map_err(broken)?);
            }
            return Ok(pem);
        }
        match (index, &self.public) {
            (None, Some(key)) => {
                public_key::to_openssl(key).and_then(|key| key.public_key_to_pem()).map_err(broken)
            }
            _ => Err(Error::request(
                "there is no EK certificate in that NV index",
                "`tpm2-keytool ek` lists the certificates; some makers publish them on a server instead",
            )),
        }
    }

    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .certificates
            .iter()
            .map(|(index, key, certificate)| {
                let issuer = name(certificate.issuer_name());
                format!(
                    "{index}  {key} certificate, issued by {issuer}, valid until {}",
                    certificate.not_after()
                )
            })
            .collect();
        lines.extend(self.chain.iter().map(|issuer| format!("chain       {}", name(issuer.subject_name()))));
        if self.public.is_some() {
            lines.push(
                "no EK certificate is in the TPM; its endorsement key can be used without one".to_owned(),
            );
        }
        lines
    }

    fn document(&self) -> Value {
        let pem = |certificate: &X509| certificate.to_pem().ok().and_then(|pem| String::from_utf8(pem).ok());
        let certificates = self.certificates.iter().map(|(index, key, certificate)| {
            json!({ "index": index.to_string(), "key": key, "pem": pem(certificate) })
        });
        let public = self.public.as_ref().and_then(|key| public_key::to_openssl(key).ok());
        let public = public.and_then(|key| String::from_utf8(key.public_key_to_pem().ok()?).ok());
        json!({
            "schema": "tpm2-keytool/ek/1",
            "certificates": certificates.collect::<Vec<_>>(),
            "chain": self.chain.iter().map(pem).collect::<Vec<_>>(),
            "public_key": public,
        })
    }
}

/// Returns the public half of the endorsement key of the low range: P-256, or RSA-2048 for TPMs without the curve.
fn public_half(tpm: &Tpm) -> Result<PublicKey, Error> {
    let capabilities = tpm.capabilities()?;
    let kind = match capabilities.curves.contains(&Curve::P256) {
        true => Template::ecc(Curve::P256),
        false => Template::rsa(2048),
    }
    .public();
    let templates = crypto::endorsement::templates(&kind.key).map_err(tpm::Error::from)?;
    let template = templates.into_iter().next().unwrap_or(kind);
    Ok(tpm.primary(&Primary { hierarchy: Handle::ENDORSEMENT, auth: None, template })?.0.key)
}
