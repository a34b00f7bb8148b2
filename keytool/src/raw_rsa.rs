//! Tests whether a TPM allows the raw RSA operation, with a temporary key.

use keyfile::{AlgId, Sensitive};
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use tpm::template::{Template, Usage};
use tpm::{RawRsa, Tpm};
use zeroize::Zeroizing;

use crate::create::private_key::{PrivateKey, Unfit};
use crate::error::Error;
use crate::software;

/// Tests it with a key of this size.
///
/// # Errors
/// The TPM does not accept the key, or OpenSSL cannot make one.
pub(crate) fn try_out(tpm: &Tpm, bits: u16) -> Result<RawRsa, Error> {
    software::start()?;
    let made = Rsa::generate(u32::from(bits)).and_then(PKey::from_rsa);
    let made = made.map_err(Unfit::from).and_then(|key| PrivateKey::of(&key));
    let Ok(PrivateKey::Rsa { exponent, modulus, prime }) = made else {
        return Err(Error::request("OpenSSL cannot make an RSA key", "check the installation of OpenSSL"));
    };
    let public = Template::wrapped_rsa(&modulus, exponent).usage(Usage::Decrypt).public();
    let (auth_value, seed_value) = (Zeroizing::default(), Zeroizing::default());
    let sensitive = Sensitive { kind: AlgId::RSA, auth_value, seed_value, sensitive: prime };
    Ok(tpm.try_raw_rsa(&public, &sensitive)?)
}
