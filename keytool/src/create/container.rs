//! Reads a private key from a file: PKCS#1, PKCS#8, SEC1 or PKCS#12, PEM or DER, encrypted or not.

use std::path::Path;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::provider::Provider;

use super::private_key::{KINDS, PrivateKey, Unfit};
use crate::error::Error;
use crate::password::Secret;
use crate::{input, software};

mod reading;
#[cfg(test)]
mod tests;

use reading::Reading;

/// Reads the private key at `path`. Calls `password` only if the file is encrypted.
///
/// # Errors
/// The file contains no private key that a TPM can hold, or the password is wrong.
pub(crate) fn read(
    path: &Path,
    password: impl FnOnce() -> Result<Secret, Error>,
) -> Result<PrivateKey, Error> {
    PrivateKey::of(&open(path, password)?).map_err(|unfit| match unfit {
        Unfit::Key(problem, advice) => refused(path, problem, advice),
        Unfit::OpenSsl(stack) => refused(path, openssl_says(&stack), "check it with `openssl pkey -check`"),
    })
}

/// Reads the private key as an OpenSSL key.
///
/// # Errors
/// The file contains no private key, or the password is wrong.
pub(crate) fn open(
    path: &Path,
    password: impl FnOnce() -> Result<Secret, Error>,
) -> Result<PKey<Private>, Error> {
    software::start()?;
    // Old PKCS#12 and PEM files use ciphers of the legacy provider. A system may lack it. The default provider remains loaded.
    let _legacy = Provider::try_load(None, "legacy", true);
    let bytes = input::read(path, KINDS)?;
    Reading::new(path, password).key(&bytes)
}

fn refused(path: &Path, problem: impl Into<String>, advice: impl Into<String>) -> Error {
    Error::PrivateKey { path: path.to_owned(), problem: problem.into(), advice: advice.into() }
}

fn openssl_says(stack: &ErrorStack) -> String {
    let reason = stack.errors().last().and_then(openssl::error::Error::reason);
    format!("OpenSSL cannot read it ({})", reason.unwrap_or("no reason given"))
}
