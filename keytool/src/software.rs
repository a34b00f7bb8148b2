//! OpenSSL for what this tool does in software: by the providers that the setting `software` names, as in the provider.

use std::sync::OnceLock;

use tpm::config::{self, Software};

use crate::error::Error;
use crate::ffi::openssl;
use crate::settings::Settings;

/// Makes OpenSSL ready. Must come before anything else of it.
///
/// # Errors
/// The setting `software` is unknown, or does not lead to providers.
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
        // It has neither encoders nor decoders.
        Software::Fips => openssl::load(&["fips", "base"]).map_err(|error| {
            (
                format!("OpenSSL's FIPS provider cannot be loaded: {error}"),
                "if it needs its fipsmodule.cnf, set software to file: and an OpenSSL configuration that includes that and activates fips and base",
            )
        }),
        Software::File(path) => openssl::load_by(path).map_err(|error| {
            (
                format!("{} is no configuration for OpenSSL's software: {error}", path.display()),
                "it has to activate the provider default, or fips and base, and not tpm2",
            )
        }),
    }
}
