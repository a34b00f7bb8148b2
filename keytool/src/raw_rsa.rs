//! Whether a TPM does the bare RSA operation, tried with a key that is made for that and thrown away.

use keyfile::{AlgId, Sensitive};
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use tpm::template::{Template, Usage};
use tpm::{RawRsa, Tpm};
use zeroize::Zeroizing;

use crate::create::private_key::{PrivateKey, Unfit};
use crate::error::Error;
use crate::software;

/// Tries it with a key of so many bits.
///
/// # Errors
/// The TPM does not take the key, or OpenSSL makes none.
pub(crate) fn try_out(tpm: &Tpm, bits: u16) -> Result<RawRsa, Error> {
    software::start()?;
    let made = Rsa::generate(u32::from(bits)).and_then(PKey::from_rsa);
    let made = made.map_err(Unfit::from).and_then(|key| PrivateKey::of(&key));
    let Ok(PrivateKey::Rsa { exponent, modulus, prime }) = made else {
        return Err(Error::request("OpenSSL makes no RSA key", "check OpenSSL's installation"));
    };
    let public = Template::wrapped_rsa(&modulus, exponent).usage(Usage::Decrypt).public();
    let (auth_value, seed_value) = (Zeroizing::default(), Zeroizing::default());
    let sensitive = Sensitive { kind: AlgId::RSA, auth_value, seed_value, sensitive: prime };
    Ok(tpm.try_raw_rsa(&public, &sensitive)?)
}
