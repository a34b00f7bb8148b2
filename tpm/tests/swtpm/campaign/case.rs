//! One case of the campaign, from its number to its verdict.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use tests::layout::returns_handle;
use tpm::{Error, ErrorKind};

use super::fault::Fault;
use super::operations::{ALL, Operation};
use super::random::Random;
use super::work::{Process, Way, Work};

/// Longer than any operation that does not hang: a TPM that is busy once is asked again soon.
const LIMIT: Duration = Duration::from_secs(9);

/// The operation and the fault of a case.
pub(super) struct Case {
    seed: u64,
    number: u64,
    way: Way,
    operation: &'static Operation,
    /// The earlier operation of the process.
    before: Option<&'static Operation>,
    fault: Fault,
    /// The number of the command that the fault hits, counted over the operation and the closing.
    at: usize,
}

pub(super) struct Verdict {
    /// The name of the operation.
    pub(super) operation: &'static str,
    /// The codes of the damaged commands.
    pub(super) damaged: Vec<u32>,
    /// The result, for the statistics.
    pub(super) outcome: &'static str,
    /// A violation, if there is one.
    pub(super) fault: Option<String>,
    pub(super) text: String,
}

impl Case {
    pub(super) fn of(seed: u64, number: u64, work: &Work) -> Self {
        let mut random = Random::new(seed, number);
        let way = *random.one_of(&[Way::Alone, Way::Alone, Way::Alone, Way::Shared, Way::Kernel]);
        let operation = random.one_of(ALL);
        let before = match random.below(3) {
            0 => None,
            1 => Some(operation),
            _ => Some(random.one_of(ALL)),
        };
        let fault = Fault::of(&mut random);
        let count = Self::count(way, operation, before, work);
        Self { seed, number, way, operation, before, fault, at: random.below(count) }
    }

    /// Returns the number of commands without a fault.
    fn count(way: Way, operation: &Operation, before: Option<&Operation>, work: &Work) -> usize {
        let key = (way, operation.name, before.map_or("", |before| before.name));
        *work.counts.borrow_mut().entry(key).or_insert_with(|| {
            let process = work.process(way);
            prepare(&process, before, work);
            let (bus, start) = (process.bus.clone(), process.bus.len());
            prepare(&process, Some(operation), work);
            process.tpm.close();
            bus.len() - start
        })
    }

    pub(super) fn run(&self, work: &Work) -> Verdict {
        let process = work.process(self.way);
        prepare(&process, self.before, work);
        let (bus, start) = (process.bus.clone(), process.bus.len());
        bus.arm(self.at, self.fault);
        let result = catch_unwind(AssertUnwindSafe(|| self.damaged(process, work)));
        let (outcome, fault, damaged) = match result {
            Ok((outcome, fault, damaged)) => (outcome, fault, damaged),
            Err(panic) => ("panic", Some(message(&*panic)), bus.disarm()),
        };
        let names: Vec<_> = damaged.iter().map(|&code| keyfile::CommandCode(code).to_string()).collect();
        let Self { seed, number, way, operation, fault: what, at, .. } = self;
        let before = self.before.map_or("nothing", |before| before.name);
        let text = format!(
            "{}: {} after {before}, {way:?}: {what:x?} at command {at} ({}): {outcome}\n{}\n  CAMPAIGN_SEED={seed} CAMPAIGN_CASE={number} cargo test -p tpm2-provider-tpm --test swtpm campaign -- --nocapture",
            fault.as_deref().unwrap_or("good"),
            operation.name,
            names.join(" "),
            bus.text(start),
        );
        Verdict { operation: operation.name, damaged, outcome, fault, text }
    }

    fn damaged(&self, process: Process, work: &Work) -> (&'static str, Option<String>, Vec<u32>) {
        let start = Instant::now();
        let first = (self.operation.run)(&process, work);
        let mut damaged = process.bus.disarm_if_damaged();
        let outcome = match (&first, damaged.is_empty()) {
            (Ok(()), false) => "recovered",
            (Err(_), false) => "one error",
            (Ok(()), true) => "at the end",
            (Err(error), true) => {
                return ("error", Some(format!("an error without a fault: {error}")), damaged);
            }
        };
        if damaged.is_empty() {
            process.tpm.close();
            damaged = process.bus.disarm();
        }
        if start.elapsed() > LIMIT {
            return (outcome, Some(format!("it took {:?}", start.elapsed())), damaged);
        }
        let first = first.err().map(|error| format!("{error:?}")).unwrap_or_default();
        if let Err(error) = (self.operation.run)(&process, work) {
            if let Some(outcome) = self.accepted(&error, &damaged) {
                drop(process);
                work.clear();
                return (outcome, None, damaged);
            }
            return (outcome, Some(format!("the second run fails: {error:?}; the first {first}")), damaged);
        }
        process.tpm.close();
        drop(process);
        let left = work.left(self.way);
        let is_clean = left == (Vec::new(), Vec::new());
        if self.way == Way::Shared && !is_clean {
            work.clear();
            return ("left in a shared TPM", None, damaged);
        }
        let fault = (!is_clean).then(|| format!("left in the TPM: {left:x?}; the first run {first}"));
        (outcome, fault, damaged)
    }
}

impl Case {
    /// Returns the outcome if the second run may fail as well.
    fn accepted(&self, error: &Error, damaged: &[u32]) -> Option<&'static str> {
        match error.kind() {
            // Nothing shows whether failures of the object that PolicySecret names count, so a refusal that says so is remembered.
            ErrorKind::Authorization
                if self.fault.is_counted_refusal() && self.operation.name.ends_with("PolicySecret") =>
            {
                Some("remembered")
            }
            // Other processes load the same keys, so nothing identifies the object at an unknown handle.
            ErrorKind::ObjectMemory
                if self.way == Way::Shared
                    && self.fault.damages_answer()
                    && damaged.iter().any(|code| returns_handle(*code)) =>
            {
                Some("left in a shared TPM")
            }
            _ => None,
        }
    }
}

fn prepare(process: &Process, before: Option<&Operation>, work: &Work) {
    if let Some(before) = before {
        (before.run)(process, work)
            .unwrap_or_else(|error| panic!("{} fails without a fault: {error}", before.name));
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}
