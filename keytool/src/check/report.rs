//! What `check` finds, line by line: in words, and in JSON (docs/json.md).

use std::fmt;

use serde::Serialize;
use tpm::HINT;

use crate::error::Error;
use crate::exit::Exit;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Result {
    /// It holds.
    Ok,
    /// It holds, but not for long or not everywhere.
    Warning,
    /// It does not hold: a service would fail.
    Failed,
    /// It depends on something that failed before, or does not apply.
    Skipped,
}

/// One line.
#[derive(Serialize)]
pub(crate) struct Line {
    check: &'static str,
    result: Result,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// All lines, and how the run ends.
#[derive(Serialize)]
pub(crate) struct Report {
    schema: &'static str,
    ok: bool,
    exit: u8,
    checks: Vec<Line>,
}

impl Report {
    /// Nothing is checked yet.
    pub(crate) fn new() -> Self {
        Self { schema: "tpm2-keytool/check/1", ok: true, exit: Exit::OK.number(), checks: Vec::new() }
    }

    /// It holds.
    pub(crate) fn ok(&mut self, check: &'static str, text: impl fmt::Display) {
        self.add(check, Result::Ok, text.to_string(), None);
    }

    /// It holds for now.
    pub(crate) fn warn(&mut self, check: &'static str, text: impl fmt::Display, advice: &str) {
        self.add(check, Result::Warning, text.to_string(), Some(advice.to_owned()));
    }

    /// It was not checked, because of this.
    pub(crate) fn skip(&mut self, check: &'static str, text: impl fmt::Display) {
        self.add(check, Result::Skipped, text.to_string(), None);
    }

    /// It does not hold.
    pub(crate) fn fail(&mut self, check: &'static str, error: &Error) {
        self.add(check, Result::Failed, error.to_string(), error.advice());
        // The first failure decides: those behind it may come from it.
        if self.ok {
            (self.ok, self.exit) = (false, error.exit().number());
        }
    }

    /// The same for a check that gives something to go on with.
    pub(crate) fn pass<T>(
        &mut self,
        check: &'static str,
        result: std::result::Result<T, Error>,
    ) -> Option<T> {
        result.inspect_err(|error| self.fail(check, error)).ok()
    }

    /// How the run ends.
    ///
    /// # Errors
    /// Something failed; the report has told what.
    pub(crate) fn end(&self) -> std::result::Result<(), Error> {
        match self.ok {
            true => Ok(()),
            false => Err(Error::Told(Exit::of_number(self.exit))),
        }
    }

    fn add(&mut self, check: &'static str, result: Result, text: String, advice: Option<String>) {
        self.checks.push(Line { check, result, text, advice });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Line { check, result, text, advice }) in self.checks.iter().enumerate() {
            let word = match result {
                Result::Ok => "ok",
                Result::Warning => "warning",
                Result::Failed => "FAILED",
                Result::Skipped => "skipped",
            };
            let end = if at == 0 { "" } else { "\n" };
            write!(f, "{end}{word:<8} {check}: {text}")?;
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
    fn the_first_failure_decides_how_it_ends() {
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
