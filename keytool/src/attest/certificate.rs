//! Reads an EK certificate: DER, from an NV index or a manufacturer's server, or PEM. Only its public key is used here; check its issuer with
//! `openssl verify`.

use std::path::Path;

use keyfile::PublicKey;
use openssl::x509::X509;

use crate::error::Error;
use crate::{input, public_key, software};

const ADVICE: &str = "read the certificate from the TPM with `tpm2_getekcertificate -o rsa.der -o ecc.der`, or get it from the manufacturer";

/// Returns the public key of the certificate in a file, as in a TPM's public area.
///
/// # Errors
/// The file contains no certificate, or no TPM can hold its key.
pub(crate) fn key_in(path: &Path) -> Result<PublicKey, Error> {
    key_of(path, &input::read(path, ADVICE)?)
}

/// The same, for a file that was read already.
///
/// # Errors
/// As [`key_in`].
pub(crate) fn key_of(path: &Path, bytes: &[u8]) -> Result<PublicKey, Error> {
    software::start()?;
    // The bytes after the DER fill up the NV index.
    let certificate = match bytes.first() {
        Some(0x30) => X509::from_der(bytes),
        _ => X509::from_pem(bytes),
    };
    let certificate = certificate.map_err(|_| unfit(path, "it is neither DER nor PEM"))?;
    let key = certificate.public_key().map_err(|_| unfit(path, "OpenSSL cannot read its public key"))?;
    public_key::numbers(&key).map_err(|problem| unfit(path, &problem.0))
}

fn unfit(path: &Path, problem: &str) -> Error {
    Error::request(format!("cannot use {} as an EK certificate: {problem}", path.display()), ADVICE)
}
