//! Runs a program with every key, in both orders, and records the results for its page.
use std::path::PathBuf;
use std::{env, fs, thread};

use tests::{Order, module};

use super::case::Case;
use super::keys::{Form, Type, World};
use super::pages;

/// A program with the name of its page.
pub(super) struct Program {
    /// The stem of its page, `docs/programs/NAME.md`.
    pub(super) name: &'static str,
    /// The command that prints its version.
    pub(super) version: &'static str,
    /// The forms in which it accepts a key; `make test` uses the first and the last.
    pub(super) forms: &'static [Form],
    /// The versions of TLS that its story uses, or what else the program does: `TLS 1.2 and 1.3`.
    pub(super) does: &'static str,
}

/// The result of a run.
pub(super) enum Outcome {
    Works,
    /// It cannot work; the story has seen the failure, and the page has this sentence.
    Fails(&'static str),
}

impl Program {
    /// Runs the program with each key. The story panics if an expectation fails.
    #[track_caller]
    pub(super) fn tried(&self, story: impl Fn(&Case) -> Outcome) {
        pages::check(self.name);
        let world = World::new();
        let mut fails: Vec<&str> = Vec::new();
        for (order, kind, form) in self.cases() {
            let case = Case { kind, form, openssl: world.openssl(order), world: &world };
            let label = Label(format!("{} with {kind:?}, {}, {order:?}", self.name, form.name()));
            let outcome = story(&case);
            drop(label);
            if let Outcome::Fails(sentence) = outcome {
                pages::says(self.name, sentence);
                fails.extend((!fails.contains(&sentence)).then_some(sentence));
            }
        }
        if all() {
            self.record(&fails);
        }
    }

    /// All combinations, or in `make test` two that differ in every respect.
    fn cases(&self) -> Vec<(Order, Type, Form)> {
        let (Some(first), Some(last)) = (self.forms.first(), self.forms.last()) else { return Vec::new() };
        if !all() {
            return vec![(Order::Tpm2First, Type::Ec, *first), (Order::DefaultFirst, Type::Rsa, *last)];
        }
        let kinds =
            || Type::BOTH.into_iter().flat_map(|kind| self.forms.iter().map(move |form| (kind, *form)));
        Order::BOTH
            .into_iter()
            .flat_map(|order| kinds().map(move |(kind, form)| (order, kind, form)))
            .collect()
    }

    /// Writes a record for scripts/programs: name, version, forms, what it does, and the number of sentences about failures.
    fn record(&self, fails: &[&str]) {
        let folder = folder();
        fs::create_dir_all(&folder).expect("a folder for the records");
        let forms: Vec<&str> = self.forms.iter().map(|form| form.name()).collect();
        let exceptions = if fails.is_empty() { "" } else { "with exceptions" };
        let fields = [self.name, &tests::version(self.version), &forms.join(", "), self.does, exceptions];
        fs::write(folder.join(self.name), fields.join("\t") + "\n").expect("write a record");
    }
}

/// Prints which run it was when a story panics.
struct Label(String);

impl Drop for Label {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.0);
        }
    }
}

/// Returns true if this is `make programs`.
fn all() -> bool {
    env::var_os("TPM2_PROGRAMS").is_some_and(|value| value == "all")
}

/// The folder in which scripts/programs finds the records.
fn folder() -> PathBuf {
    module::folder().join("../programs")
}
