//! Tests whether a TPM allows the raw RSA operation, with a temporary key.

use tpm::template::Usage;
use tpm::{RawRsa, Tpm};

use crate::create::software_key;
use crate::error::Error;
use crate::software;

/// Tests it with a key of this size.
///
/// # Errors
/// The TPM does not accept the key, or OpenSSL cannot make one.
pub(crate) fn try_out(tpm: &Tpm, bits: u16) -> Result<RawRsa, Error> {
    software::start()?;
    let key = software_key::rsa(bits)?;
    let public = key.template().usage(Usage::Decrypt).public();
    Ok(tpm.try_raw_rsa(&public, &key.sensitive())?)
}
