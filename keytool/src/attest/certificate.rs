//! An EK certificate: DER, as it stands in an NV index or comes from a maker's server, or PEM. Only its public key counts here; who
//! issued it is checked with `openssl verify`.

use std::path::Path;

use keyfile::PublicKey;
use openssl::x509::X509;

use crate::error::Error;
use crate::{input, public_key, software};

const ADVICE: &str = "most TPMs keep theirs in NV: `tpm2_getekcertificate -o rsa.der -o ecc.der` writes them; or ask the maker";

/// The public key of the certificate in a file, in a TPM's words.
///
/// # Errors
/// It is no certificate, or its key is none that a TPM could have.
pub(crate) fn key_in(path: &Path) -> Result<PublicKey, Error> {
    software::start()?;
    let bytes = input::read(path, ADVICE)?;
    // What stands behind the DER is what fills up an NV index.
    let certificate = match bytes.first() {
        Some(0x30) => X509::from_der(&bytes),
        _ => X509::from_pem(&bytes),
    };
    let certificate = certificate.map_err(|_| unfit(path, "it is neither DER nor PEM of one"))?;
    let key = certificate.public_key().map_err(|_| unfit(path, "OpenSSL cannot read its public key"))?;
    public_key::numbers(&key).map_err(|problem| unfit(path, &problem.0))
}

fn unfit(path: &Path, problem: &str) -> Error {
    Error::request(format!("{} is no EK certificate that I can use: {problem}", path.display()), ADVICE)
}
