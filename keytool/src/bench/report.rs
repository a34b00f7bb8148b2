//! The report of `bench`: a table, and JSON (docs/json.md).

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::measurement::{Outcome, Row};
use super::operation::{Operation, Work};
use super::series::Series;
use super::subject::KeyType;
use crate::status::{Facts, firmware, maker};

/// The results of a run.
pub(super) struct Report<'a> {
    pub(super) facts: &'a Facts,
    pub(super) rows: Vec<Row>,
}

impl Report<'_> {
    /// Returns the median of an operation, if it was measured.
    pub(super) fn median(&self, work: Work, key: KeyType) -> Option<Duration> {
        self.rows.iter().find_map(|row| match &row.outcome {
            Outcome::Measured(series) if row.operation == Operation { work, key } => Some(series.median()),
            _ => None,
        })
    }

    /// Returns the median time to derive a storage key.
    pub(super) fn derivation(&self) -> Option<Duration> {
        [KeyType::P256, KeyType::Rsa2048].into_iter().find_map(|key| self.median(Work::Derive, key))
    }

    /// Returns the JSON document.
    pub(super) fn document(&self, advice: &[String]) -> Value {
        let capabilities = &self.facts.capabilities;
        json!({
            "schema": "tpm2-keytool/bench/1",
            "tcti": self.facts.tcti,
            "tcti_from": self.facts.origin,
            "manufacturer": capabilities.manufacturer(),
            "model": capabilities.vendor_string(),
            "firmware": capabilities.firmware(),
            "storage_root": self.facts.storage_root().name(),
            "operations": self.rows.iter().map(object).collect::<Vec<_>>(),
            "advice": advice,
        })
    }
}

fn object(row: &Row) -> Value {
    let (result, series, text) = match &row.outcome {
        Outcome::Measured(series) => ("measured", Some(series), None),
        Outcome::Unsupported(why) => ("unsupported", None, Some(why.clone())),
        Outcome::Failed(error) => ("failed", None, Some(error.to_string())),
        Outcome::Skipped => ("skipped", None, None),
    };
    let micros = |time: fn(&Series) -> Duration| {
        series.map(|series| u64::try_from(time(series).as_micros()).unwrap_or(u64::MAX))
    };
    json!({
        "operation": row.operation.work.name(),
        "key": row.operation.key.to_string(),
        "result": result,
        "samples": series.map_or(0, Series::samples),
        "min_us": micros(Series::min),
        "median_us": micros(Series::median),
        "p95_us": micros(Series::p95),
        "text": text,
    })
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, firmware {}", maker(&self.facts.capabilities), firmware(self.facts))?;
        writeln!(f, "{} ({})\n", self.facts.tcti, self.facts.origin)?;
        write!(
            f,
            "{:<24} {:>7} {:>10} {:>10} {:>10} {:>9}",
            "operation", "samples", "min ms", "median ms", "p95 ms", "a second"
        )?;
        self.rows.iter().try_for_each(|row| write!(f, "\n{row}"))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<24} ", self.operation)?;
        match &self.outcome {
            Outcome::Measured(series) => write!(
                f,
                "{:>7} {:>10.1} {:>10.1} {:>10.1} {:>9}",
                series.samples(),
                millis(series.min()),
                millis(series.median()),
                millis(series.p95()),
                rate(series.median()),
            ),
            Outcome::Unsupported(why) => write!(f, "not supported: {why}"),
            Outcome::Failed(error) => write!(f, "FAILED: {error}"),
            Outcome::Skipped => f.write_str("not measured: the 30 s are over"),
        }
    }
}

pub(super) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Returns how often an operation of this time fits into a second: two digits, or more from 100 on.
pub(super) fn rate(time: Duration) -> String {
    match 1.0 / time.as_secs_f64() {
        rate if rate < 10.0 => format!("{rate:.1}"),
        rate => format!("{rate:.0}"),
    }
}
