//! `status`: describes the TPM and suggests fixes.

use clap::Args;
use tpm::Tpm;

use crate::cli::Common;
use crate::error::Error;
use crate::{json, terminal};

mod advice;
mod document;
mod facts;
mod identity;
mod property;
mod report;

pub(crate) use facts::{Facts, StorageRoot};
pub(crate) use identity::{firmware, maker};

/// Show the state of the TPM and suggest fixes
///
/// Shows manufacturer, firmware, algorithms, raw RSA, curves, slots, sessions, lockout counter, the storage root key, and which TPM is used and why. The exit
/// code is 0 if a TPM answers and accepts commands, even if there is advice.
#[derive(Args)]
pub(crate) struct Status {
    /// Print JSON (docs/json.md)
    #[arg(long)]
    json: bool,
}

impl Status {
    /// Reads the state of the TPM and prints it.
    pub(crate) fn run(self, common: &Common) -> Result<(), Error> {
        let tpm = common.tpm()?;
        let facts = Facts::of(&tpm).map(|facts| facts.compared(&tpm).measured(&tpm));
        tpm.close();
        let facts = facts.map_err(advised)?;
        let advice = advice::advice(&facts);
        if self.json {
            json::print(&document::of(&facts, &advice))?;
            return match advice.as_slice() {
                [only] if facts.has_failed() => Err(failure(only)),
                _ => Ok(()),
            };
        }
        terminal::result(report::rows(&facts))?;
        match advice.as_slice() {
            // The TPM answers, but cannot be used.
            [only] if facts.has_failed() => Err(failure(only)),
            [] => terminal::result("all is well"),
            all => all.iter().try_for_each(|one| terminal::result(format_args!("advice: {one}"))),
        }
    }
}

impl Facts {
    /// Reads the state of a TPM that accepts commands.
    ///
    /// # Errors
    /// No TPM can be used, or it is in failure mode.
    pub(crate) fn working(tpm: &Tpm) -> Result<Self, Error> {
        let facts = Facts::of(tpm).map_err(advised)?;
        match facts.has_failed() {
            true => Err(failure(&advice::advice(&facts).join("; "))),
            false => Ok(facts.compared(tpm)),
        }
    }
}

fn failure(advice: &str) -> Error {
    Error::request("the TPM is in failure mode", advice)
}

/// Adds a hint for a device that answers, but not like a TPM.
fn advised(error: Error) -> Error {
    match error {
        Error::Tpm(error) if error.advice().is_none() => Error::Tpm(error.advise(
            "what answers there does not behave like a TPM 2.0: name the right TPM with --tcti or the variable TPM2_TCTI",
        )),
        other => other,
    }
}
