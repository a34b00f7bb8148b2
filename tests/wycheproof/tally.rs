//! Counts how many vectors of a family ran, passed, and were skipped for which reason.
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct Tally {
    family: &'static str,
    run: usize,
    failed: Vec<String>,
    beside: BTreeMap<String, usize>,
    skipped: BTreeMap<String, usize>,
}

impl Tally {
    pub(super) fn of(family: &'static str) -> Self {
        Self { family, ..Self::default() }
    }

    /// Counts one vector. A failure is reported by file, number and comment.
    pub(super) fn check(&mut self, passed: bool, what: impl FnOnce() -> String) {
        self.run += 1;
        if !passed {
            self.failed.push(what());
        }
    }

    /// Counts vectors that ran without the TPM.
    pub(super) fn beside_the_tpm(&mut self, vectors: usize, why: impl Into<String>) {
        *self.beside.entry(why.into()).or_default() += vectors;
    }

    /// Counts vectors that did not run.
    pub(super) fn skip(&mut self, vectors: usize, why: impl Into<String>) {
        *self.skipped.entry(why.into()).or_default() += vectors;
    }

    /// Prints the figures. Fails if a vector failed, or if fewer vectors ran than when this was written.
    #[track_caller]
    pub(super) fn end(self, at_least: usize) {
        println!("{}: {} run, {} passed", self.family, self.run, self.run - self.failed.len());
        for (why, vectors) in &self.beside {
            println!("{}: {vectors} of these without the TPM: {why}", self.family);
        }
        for (why, vectors) in &self.skipped {
            println!("{}: {vectors} skipped: {why}", self.family);
        }
        assert!(self.failed.is_empty(), "{}:\n{}", self.family, self.failed.join("\n"));
        assert!(self.run >= at_least, "{}: only {} ran", self.family, self.run);
    }
}
