//! Writes evidence in each format.

use std::path::{Path, PathBuf};

use attestation::{Evidence, Malformed, acme, csr, webauthn};
use keyfile::HashAlg;
use keyfile::wire::{Marshal, Writer as Bytes};

use super::{Format, auth_data};
use crate::error::Error;
use crate::evidence::Opened;
use crate::output::{IfExists, Target};

/// What a format needs before the statement is made.
pub(super) struct Writer {
    format: Format,
    auth_data: Vec<u8>,
    /// The nonce in the statement.
    pub(super) extra_data: Vec<u8>,
}

impl Writer {
    pub(super) fn new(
        format: Format,
        nonce: &[u8],
        rp_id: Option<&str>,
        opened: &Opened,
    ) -> Result<Self, Error> {
        let (mut auth_data, mut extra_data) = (Vec::new(), nonce.to_vec());
        match format {
            Format::Webauthn => {
                auth_data = auth_data::of(rp_id.unwrap_or_default(), &opened.key)?;
                // The hash of the signature scheme (Web Authentication Level 3 §8.3).
                let scheme = opened.ak.public().key.scheme().unwrap_or_default();
                let hash = scheme.hash().unwrap_or(HashAlg::Sha256);
                extra_data = hash.digest(&[&auth_data, nonce]);
            }
            Format::Acme => {
                let text = std::str::from_utf8(nonce).map_err(|_| {
                    Error::request(
                        "the nonce is not a key authorization: it is not text",
                        "give a file with the token, a dot, and the thumbprint of the account key",
                    )
                })?;
                extra_data = acme::extra_data(text.trim_end());
            }
            Format::Tpm2 | Format::Csr => {}
        }
        Ok(Self { format, auth_data, extra_data })
    }

    /// Returns the contents of the files.
    pub(super) fn contents(self, evidence: &Evidence) -> Result<Vec<Vec<u8>>, Error> {
        match self.format {
            Format::Webauthn => {
                let object =
                    webauthn::Object::new(evidence, self.auth_data).map_err(|error| unfit(&error))?;
                Ok(vec![object.write()])
            }
            Format::Acme => {
                let object = acme::Object::new(evidence).map_err(|error| unfit(&error))?;
                Ok(vec![object.write()])
            }
            Format::Csr => Ok(vec![csr::bundle(evidence, &[]).map_err(|error| unfit(&error))?]),
            Format::Tpm2 => Ok(vec![
                evidence.statement.clone(),
                evidence.signature.to_bytes().map_err(tpm::Error::from)?,
                sized(&evidence.key)?,
                sized(evidence.signer.as_deref().unwrap_or_default())?,
            ]),
        }
    }
}

/// The files of the format tpm2.
pub(crate) struct Prefixed([PathBuf; 4]);

impl Prefixed {
    /// Returns the names: of the statement, its signature, and the public areas of the key and of the attestation key.
    pub(crate) fn of(prefix: &Path) -> Self {
        Self(["attest", "sig", "pub", "ak"].map(|kind| {
            let mut name = prefix.as_os_str().to_owned();
            name.push(".");
            name.push(kind);
            name.into()
        }))
    }

    /// Returns the names.
    pub(crate) fn paths(&self) -> &[PathBuf; 4] {
        &self.0
    }

    pub(super) fn targets(&self, if_exists: IfExists) -> Result<Vec<Target>, Error> {
        self.0.iter().map(|path| Target::new(path, if_exists)).collect()
    }
}

/// Returns a TPM2B_PUBLIC.
fn sized(public: &[u8]) -> Result<Vec<u8>, Error> {
    let mut bytes = Bytes::new();
    bytes.sized(public);
    bytes.finish().map_err(|error| tpm::Error::from(error).into())
}

fn unfit(error: &Malformed) -> Error {
    Error::request(
        error.to_string(),
        "give the certificate of the attestation key with --ak-cert, and an attestation key with a scheme that the format allows",
    )
}

/// Returns the error for a structure of the format that cannot be read or written.
pub(crate) fn damaged(error: &Malformed) -> Error {
    Error::request(error.to_string(), "check the file and the format (--format)")
}
