//! OpenSSL for the work that this tool does in software. The setting `software` names the providers, as in the provider tpm2.

use std::sync::OnceLock;

use tpm::config::{self, Software};

use crate::error::Error;
use crate::ffi::openssl;
use crate::settings::Settings;

/// Initializes OpenSSL. Must be called before any other use of it.
///
/// # Errors
/// The setting `software` is not valid, or its providers cannot be loaded.
pub(crate) fn start() -> Result<(), Error> {
    static STARTED: OnceLock<Result<(), (String, &str)>> = OnceLock::new();
    openssl::start_without_configuration();
    let software = config::software(&Settings::with(&[])?)?;
    let started = STARTED.get_or_init(|| load(&software));
    started.as_ref().copied().map_err(|(problem, advice)| Error::request(problem.clone(), *advice))
}

fn load(software: &Software) -> Result<(), (String, &'static str)> {
    match software {
        Software::Default => Ok(()),
        // The FIPS provider has neither encoders nor decoders.
        Software::Fips => openssl::load(&["fips", "base"]).map_err(|error| {
            (
                format!("cannot load OpenSSL's FIPS provider: {error}"),
                "if it needs fipsmodule.cnf, set software to file: and the path of a configuration that includes it and activates fips and base",
            )
        }),
        Software::File(path) => openssl::load_by(path).map_err(|error| {
            (
                format!("cannot load the configuration {} (setting software): {error}", path.display()),
                "it must activate the provider default, or fips and base, but not tpm2",
            )
        }),
    }
}
