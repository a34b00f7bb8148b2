//! Reads evidence in each format, and what its nonce must be.

use std::path::Path;

use attestation::csr::Request;
use attestation::{Evidence, acme, csr, tpm2, webauthn};
use keyfile::wire::Marshal;
use openssl::x509::X509Req;

use super::Format;
use crate::certify::{Prefixed, damaged};
use crate::challenge::area;
use crate::error::Error;
use crate::{input, nonce, software};

const ADVICE: &str = "give the evidence that `tpm2-keytool certify` or `request` wrote";

/// The evidence, not yet verified.
pub(super) struct Proof {
    pub(super) evidence: Evidence,
    /// The nonce that the statement must contain.
    pub(super) extra_data: Vec<u8>,
    /// The request that contains the evidence.
    pub(super) request: Option<Request>,
}

impl Proof {
    pub(super) fn read(format: Format, path: &Path, nonce: &Path, ak: Option<&Path>) -> Result<Self, Error> {
        let bytes = |path: &Path| Ok::<_, Error>(input::read(path, ADVICE)?.to_vec());
        let mut extra_data = nonce::read(nonce, "nonce")?;
        let mut request = None;
        let mut evidence = match format {
            Format::Webauthn => {
                let object = webauthn::Object::read(&bytes(path)?).map_err(|error| damaged(&error))?;
                extra_data = object.extra_data(&extra_data).map_err(|error| damaged(&error))?;
                object.evidence()
            }
            Format::Acme => {
                extra_data = acme::extra_data(String::from_utf8_lossy(&extra_data).trim_end());
                acme::Object::read(&bytes(path)?).and_then(|object| object.evidence())
            }
            Format::Csr => csr::evidence(&bytes(path)?),
            Format::Request => {
                let read = Request::read(&der(path, &bytes(path)?)?).map_err(|error| damaged(&error))?;
                Ok(request.insert(read).evidence.clone())
            }
            Format::Tpm2 => {
                let [attest, signature, key, signer] =
                    Prefixed::of(path).paths().each_ref().map(|path| bytes(path));
                tpm2::evidence(&attest?, &signature?, &key?, Some(&signer?))
            }
        }
        .map_err(|error| damaged(&error))?;
        if let Some(ak) = ak {
            evidence.signer = Some(area(ak)?.to_bytes().map_err(tpm::Error::from)?);
        }
        Ok(Self { evidence, extra_data, request })
    }
}

fn der(path: &Path, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    software::start()?;
    if bytes.first() == Some(&0x30) {
        return Ok(bytes.to_vec());
    }
    X509Req::from_pem(bytes)
        .and_then(|request| request.to_der())
        .map_err(|_| Error::file(path, "it is not a certificate request", ADVICE))
}
