//! The request for the certificate. The ACME server knows the device from the order, so the common name is all it says.

use openssl::error::ErrorStack;
use openssl::x509::X509NameBuilder;
use tpm::Key;

use crate::error::Error;
use crate::request;

/// The longest commonName (RFC 5280 appendix A.1, ub-common-name).
const LONGEST_COMMON_NAME: usize = 64;

/// Returns the request in DER, signed by the key.
///
/// # Errors
/// The TPM refuses to sign, or OpenSSL cannot encode the key.
pub(super) fn signed(identifier: &str, key: &Key) -> Result<Vec<u8>, Error> {
    let name = if identifier.len() <= LONGEST_COMMON_NAME { identifier } else { "" };
    let subject = subject(name).map_err(|errors| {
        Error::request(format!("the identifier cannot be a common name: {errors}"), "check --identifier")
    })?;
    request::signed(key, &subject, None, &[])
}

fn subject(name: &str) -> Result<Vec<u8>, ErrorStack> {
    let mut subject = X509NameBuilder::new()?;
    if !name.is_empty() {
        subject.append_entry_by_text("CN", name)?;
    }
    subject.build().to_der()
}
