//! `bench`: measures the TPM, and says what its times mean for a server.

use clap::Args;
use tpm::Tpm;
use tpm::template::Storage;

use crate::cli::Common;
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::status::Facts;
use crate::{json, software, terminal};

mod budget;
mod meaning;
mod measurement;
mod operation;
mod report;
mod series;
mod subject;

use budget::Budget;
use measurement::{Measurement, Outcome, Row};
use report::Report;

/// Measure how fast this TPM is, and what that means for a server
///
/// Measures signatures, decryption, ECDH, loading a key and deriving a storage key, as the provider runs them, and prints the fastest time, the median and
/// the 95th percentile of each. Shows how many TLS handshakes a second they allow, which type of key is faster, and whether a persistent storage key
/// (`srk`) would help. The keys are made in software and imported under the null hierarchy, so that the TPM need not search for primes. No password is
/// used, and nothing stays in the TPM, also after Ctrl-C. Programs that use the TPM at the same time make the times longer.
#[derive(Args)]
#[command(after_help = "Example: tpm2-keytool bench")]
pub(crate) struct Bench {
    /// The number of measurements of each operation
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    samples: u32,

    /// Do not ask before the measurements take more than 30 seconds
    ///
    /// Without this option the question is asked on the terminal. If the answer is no, or there is no terminal, fewer measurements are made, within about
    /// 30 seconds.
    #[arg(short, long)]
    yes: bool,

    /// Print JSON (docs/json.md)
    #[arg(long)]
    json: bool,
}

impl Bench {
    /// Measures the TPM and prints the result.
    pub(crate) fn run(self, common: &Common) -> Result<(), Error> {
        software::start()?;
        let tpm = common.tpm()?;
        let mut budget = Budget::start(self.yes);
        let facts = using(&tpm, |_| Facts::working(&tpm))?;
        let storage = facts.storage();
        if storage == Storage::Rsa2048 && !self.yes {
            confirm_rsa_parent(&mut budget, self.samples)?;
        }
        let of = (&facts.capabilities, storage);
        let measurement = using(&tpm, |deferred| Measurement::first(&tpm, of, (deferred, &budget)))?;
        let shares = budget.samples(measurement.series(), self.samples);
        let rows = using(&tpm, |deferred| measurement.again(deferred, &shares))?;
        self.print(&Report { facts: &facts, rows })
    }

    fn print(&self, report: &Report<'_>) -> Result<(), Error> {
        let meaning = meaning::of(report);
        match self.json {
            true => json::print(&report.document(&meaning))?,
            false => {
                terminal::result(report)?;
                let lines: String = meaning.iter().map(|line| format!("\n- {line}")).collect();
                terminal::result(lines)?;
            }
        }
        let failed = report.rows.iter().find_map(failure);
        failed.map_or(Ok(()), |error| Err(Error::Reported(error.exit())))
    }
}

/// Runs a part of the work, and closes the connection: nothing stays in the TPM, and other programs can use it while the user is asked.
fn using<T>(tpm: &Tpm, work: impl FnOnce(&Deferred) -> Result<T, Error>) -> Result<T, Error> {
    let deferred = Deferred::start();
    let done = work(&deferred);
    tpm.close();
    deferred.check()?;
    done
}

/// A chip may search for the primes of an RSA parent for a minute, and that cannot be estimated.
fn confirm_rsa_parent(budget: &mut Budget, samples: u32) -> Result<(), Error> {
    let why = "this TPM has no P-256, and deriving an RSA parent can take a minute";
    match budget.ask(format_args!("{why}. Make all measurements, {samples} of each operation?")) {
        Some(true) => Ok(()),
        Some(false) => Err(Error::request("nothing was measured", "answer y to make the measurements")),
        None => Err(Error::request(
            format!("nothing was measured, because there is no terminal to ask on: {why}"),
            "give --yes",
        )),
    }
}

fn failure(row: &Row) -> Option<&Error> {
    match &row.outcome {
        Outcome::Failed(error) => Some(error),
        _ => None,
    }
}
