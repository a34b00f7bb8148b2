//! Runs every target on its seeds and on some mutants of them, the same ones each time. `make fuzz` runs longer.

// A panic reports a failure.
#![allow(clippy::expect_used, clippy::print_stderr)]

use targets::mutator::Mutator;
use targets::{ALL, Target};

/// Runs a target and prints the input on which it panics.
fn smoke(name: &str, mutants: u64) {
    let target = ALL.iter().find(|target| target.name == name).expect("a target");
    let seeds = (target.seeds)();
    assert!(seeds.len() > 5, "{} seeds", seeds.len());
    let mut mutator = Mutator::new(0x9e37_79b9_7f4a_7c15);
    for seed in &seeds {
        shown(target, seed);
    }
    for _ in 0..mutants {
        shown(target, &mutator.mutant(&seeds));
    }
}

fn shown(target: &Target, input: &[u8]) {
    /// Prints the input when the target unwinds.
    struct Input<'a>(&'a [u8]);
    impl Drop for Input<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("the input: {}", hex::encode(self.0));
            }
        }
    }
    let _input = Input(input);
    (target.run)(input);
}

#[test]
fn key_files_do_not_panic() {
    smoke("key_file", 10_000);
}

#[test]
fn uris_do_not_panic() {
    smoke("uri", 20_000);
}

#[test]
fn tokens_do_not_panic() {
    smoke("tokens", 2_000);
}

#[test]
fn references_do_not_panic() {
    smoke("reference", 10_000);
}

#[test]
fn answers_do_not_panic() {
    smoke("answers", 1_500);
}

#[test]
fn parameters_do_not_panic() {
    smoke("parameters", 1_500);
}

#[test]
fn files_read_by_libcrypto_do_not_panic() {
    smoke("decode", 500);
}

#[test]
fn evidence_does_not_panic() {
    smoke("attestation", 700);
}
