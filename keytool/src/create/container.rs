//! A private key from a file, to be wrapped: PKCS#1, PKCS#8, SEC1 or PKCS#12, PEM or DER, encrypted or not.

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

/// Reads `path`; `password` is asked only if the file is encrypted.
///
/// # Errors
/// It holds no private key that a TPM could hold, or the password is wrong.
pub(crate) fn read(
    path: &Path,
    password: impl FnOnce() -> Result<Secret, Error>,
) -> Result<PrivateKey, Error> {
    PrivateKey::of(&open(path, password)?).map_err(|unfit| match unfit {
        Unfit::Key(problem, advice) => refused(path, problem, advice),
        Unfit::OpenSsl(stack) => refused(path, openssl_says(&stack), "check it with `openssl pkey -check`"),
    })
}

/// The same as OpenSSL has it.
///
/// # Errors
/// The file holds no private key, or the password is wrong.
pub(crate) fn open(
    path: &Path,
    password: impl FnOnce() -> Result<Secret, Error>,
) -> Result<PKey<Private>, Error> {
    software::start()?;
    // Old PKCS#12 files and PEM files are encrypted with what is legacy now; a system may do without that provider. Beside it the default one stays.
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
