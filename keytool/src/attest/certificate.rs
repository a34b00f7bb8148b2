//! An EK certificate: DER, as it stands in an NV index or comes from a maker's server, or PEM. Only its public key counts here; who
//! issued it is checked with `openssl verify`.

use std::fs;
use std::path::Path;

use keyfile::PublicKey;
use openssl::x509::X509;

use crate::error::Error;
use crate::{ffi, public_key};

/// No certificate is longer; what is, is something else.
const LONGEST: u64 = 1 << 16;

/// The public key of the certificate in a file, in a TPM's words.
///
/// # Errors
/// It is no certificate, or its key is none that a TPM could have.
pub(crate) fn key_in(path: &Path) -> Result<PublicKey, Error> {
    ffi::openssl::start_without_configuration();
    let size = fs::metadata(path).map_err(|source| Error::read(path, source))?.len();
    if size > LONGEST {
        return Err(unfit(path, "it is too long for one"));
    }
    let octets = fs::read(path).map_err(|source| Error::read(path, source))?;
    // What stands behind the DER is what fills up an NV index.
    let certificate = match octets.first() {
        Some(0x30) => X509::from_der(&octets),
        _ => X509::from_pem(&octets),
    };
    let certificate = certificate.map_err(|_| unfit(path, "it is neither DER nor PEM of one"))?;
    let key = certificate.public_key().map_err(|_| unfit(path, "OpenSSL cannot read its public key"))?;
    public_key::numbers(&key).map_err(|problem| unfit(path, &problem.0))
}

fn unfit(path: &Path, problem: &str) -> Error {
    Error::request(
        format!("{} is no EK certificate that I can use: {problem}", path.display()),
        "most TPMs keep theirs in NV: `tpm2_getekcertificate -o rsa.der -o ecc.der` writes them; or ask the maker",
    )
}
