//! The report of `check`: one line per check, as text and as JSON (docs/json.md).

use std::fmt;

use serde::Serialize;
use tpm::HINT;

use crate::error::Error;
use crate::exit::Exit;

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Result {
    /// The check passed.
    Ok,
    /// The check passed, but not permanently or not everywhere.
    Warning,
    /// The check failed: a service would fail, too.
    Failed,
    /// The check depends on one that failed, or does not apply.
    Skipped,
}

/// One line of the report.
#[derive(Serialize)]
pub(crate) struct Line {
    check: &'static str,
    result: Result,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// All lines, and the exit code.
#[derive(Serialize)]
pub(crate) struct Report {
    schema: &'static str,
    ok: bool,
    exit: u8,
    checks: Vec<Line>,
}

impl Report {
    /// Creates an empty report.
    pub(crate) fn new() -> Self {
        Self { schema: "tpm2-keytool/check/1", ok: true, exit: Exit::OK.number(), checks: Vec::new() }
    }

    /// Adds a check that passed.
    pub(crate) fn ok(&mut self, check: &'static str, text: impl fmt::Display) {
        self.add(check, Result::Ok, text.to_string(), None);
    }

    /// Adds a warning.
    pub(crate) fn warn(&mut self, check: &'static str, text: impl fmt::Display, advice: &str) {
        self.add(check, Result::Warning, text.to_string(), Some(advice.to_owned()));
    }

    /// Adds a skipped check, with the reason.
    pub(crate) fn skip(&mut self, check: &'static str, text: impl fmt::Display) {
        self.add(check, Result::Skipped, text.to_string(), None);
    }

    /// Adds a check that failed.
    pub(crate) fn fail(&mut self, check: &'static str, error: &Error) {
        self.add(check, Result::Failed, error.to_string(), error.advice());
        // The first failure sets the exit code, because it may be the cause of later ones.
        if self.ok {
            (self.ok, self.exit) = (false, error.exit().number());
        }
    }

    /// Returns the value of a check that passed. Adds a check that failed.
    pub(crate) fn pass<T>(
        &mut self,
        check: &'static str,
        result: std::result::Result<T, Error>,
    ) -> Option<T> {
        result.inspect_err(|error| self.fail(check, error)).ok()
    }

    /// Returns the result of the run.
    ///
    /// # Errors
    /// A check failed. The report contains the reason.
    pub(crate) fn end(&self) -> std::result::Result<(), Error> {
        match self.ok {
            true => Ok(()),
            false => Err(Error::Reported(Exit::of_number(self.exit))),
        }
    }

    fn add(&mut self, check: &'static str, result: Result, text: String, advice: Option<String>) {
        self.checks.push(Line { check, result, text, advice });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Line { check, result, text, advice }) in self.checks.iter().enumerate() {
            let label = match result {
                Result::Ok => "ok",
                Result::Warning => "warning",
                Result::Failed => "FAILED",
                Result::Skipped => "skipped",
            };
            let end = if at == 0 { "" } else { "\n" };
            write!(f, "{end}{label:<8} {check}: {text}")?;
            if let Some(advice) = advice {
                write!(f, "\n         {HINT} {advice}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_failure_sets_the_exit_code() {
        let mut report = Report::new();
        report.ok("key", "readable");
        report.fail("tpm", &tpm::Error::new(tpm::ErrorKind::NoTpm, "none").advise("buy one").into());
        report.fail("certificate", &Error::request("of another key", "take another"));
        report.skip("policy", "there is no TPM");
        assert_eq!(
            report.to_string(),
            "ok       key: readable\nFAILED   tpm: none\n         hint: buy one\n\
             FAILED   certificate: of another key\n         hint: take another\nskipped  policy: there is no TPM"
        );
        assert_eq!(report.end().unwrap_err().exit(), Exit::NO_TPM);
    }
}
