//! `status`: the TPM in words, and what to do about what is wrong.

use clap::Args;

use crate::cli::Common;
use crate::error::Error;
use crate::{json, terminal};

mod advice;
mod document;
mod facts;
mod identity;
mod property;
mod report;

use facts::Facts;

/// Tell about the TPM, and what to do about what is wrong with it
///
/// Maker, firmware, algorithms, raw RSA, curves, places, sessions, lockout counter, the storage root key, and which TPM is used and why. Exits with 0 when a TPM
/// answers and takes commands, whatever there is to advise.
#[derive(Args)]
pub(crate) struct Status {
    /// Print JSON (docs/json.md)
    #[arg(long)]
    json: bool,
}

impl Status {
    /// Asks the TPM and tells.
    pub(crate) fn run(self, common: &Common) -> Result<(), Error> {
        let tpm = common.tpm()?;
        let facts = Facts::of(&tpm);
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
            // It answers, but is of no use.
            [only] if facts.has_failed() => Err(failure(only)),
            [] => terminal::result("all is well"),
            all => all.iter().try_for_each(|one| terminal::result(format_args!("advice: {one}"))),
        }
    }
}

fn failure(advice: &str) -> Error {
    Error::request("the TPM is in failure mode", advice)
}

/// Something answers there that is no TPM, or speaks as none does.
fn advised(error: Error) -> Error {
    match error {
        Error::Tpm(error) if error.advice().is_none() => Error::Tpm(error.advise(
            "what answers there is no TPM 2.0 as far as this program can tell: name the right one with --tcti or the variable TPM2_TCTI",
        )),
        other => other,
    }
}
