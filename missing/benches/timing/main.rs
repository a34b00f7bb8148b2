//! Tests if the decoders take the same time for good and bad paddings: `cargo bench -p tpm2-provider-missing [-- SAMPLES]`.
//!
//! The method is that of Reparaz, Balasch and Verbauwhede, "Dude, is my code constant time?" (DATE 2017): measure two classes of input in
//! random order, and test with Welch's t-test if their times differ. |t| above 5 means that they do. The program fails if a decoder of this
//! crate stays above 5, or if a planted leak is not found.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod leaks;
mod random;
mod subjects;
mod welch;

use std::{
    env,
    hint::black_box,
    process::ExitCode,
    sync::atomic::{Ordering, fence},
    time::{Duration, Instant},
};

use missing::error::Failure;

use random::Random;
use subjects::{Expectation, Subject};
use welch::Comparison;

/// The default number of samples over which |t| must stay small.
const SAMPLES: usize = 1_000_000;
/// How many samples are taken between two checks for a planted leak.
const FEW: usize = 20_000;
/// How many blocks are made before the clock runs.
const BATCH: usize = 1000;
/// |t| above this value is a difference.
const LIMIT: f64 = 5.0;
/// How often a measurement is tried. A real difference shows each time; a machine that is busy during one class by chance is not so three
/// times.
const TRIES: usize = 3;

fn main() -> Result<ExitCode, Failure> {
    // `cargo test --all-targets` starts benchmarks too, but without this argument.
    if !env::args().any(|argument| argument == "--bench") {
        return Ok(ExitCode::SUCCESS);
    }
    let samples = env::args().find_map(|argument| argument.parse().ok()).unwrap_or(SAMPLES);
    println!("{samples} samples, RSA-2048, nanoseconds; |t| below {LIMIT}: no difference seen\n");
    println!("{:<50} {:>9} {:>9} {:>7}", "decoder: first class / second class", "median", "median", "|t|");
    let mut wrong = 0;
    for subject in subjects::all().into_iter().chain(leaks::all()) {
        let good = match subject.expectation {
            Expectation::Leak => is_found(&subject, samples)?,
            Expectation::Constant => is_constant(&subject, samples)?,
        };
        if !good {
            println!("    ^ wrong: {:?} was expected", subject.expectation);
            wrong += 1;
        }
    }
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Returns true if one of several tries shows no difference.
fn is_constant(subject: &Subject, samples: usize) -> Result<bool, Failure> {
    for _ in 0..TRIES {
        let mut comparison = Comparison::default();
        measure(subject, samples, &mut comparison)?;
        print(subject, &comparison);
        if comparison.t() < LIMIT {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns true if a leak is found. An idle machine needs few samples, a busy one more.
fn is_found(subject: &Subject, samples: usize) -> Result<bool, Failure> {
    let (start, mut comparison) = (Instant::now(), Comparison::default());
    loop {
        measure(subject, samples.min(FEW), &mut comparison)?;
        let found = comparison.t() > LIMIT;
        if found || start.elapsed() > Duration::from_secs(10) {
            print(subject, &comparison);
            return Ok(found);
        }
    }
}

fn print(subject: &Subject, comparison: &Comparison) {
    let [first, second] = comparison.medians();
    println!("{:<50} {first:>9} {second:>9} {:>7.2}", subject.name, comparison.t());
}

/// Times the subject on blocks of both classes, in random order, once per block.
fn measure(subject: &Subject, samples: usize, comparison: &mut Comparison) -> Result<(), Failure> {
    let mut random = Random::new();
    let mut input = vec![0; subjects::SIZE];
    let mut left = samples;
    while left > 0 {
        let batch = (0..left.min(BATCH)).map(|_| {
            let second = random.below(2) == 1;
            Ok((second, (subject.block)(second, &mut random)?))
        });
        let batch = batch.collect::<Result<Vec<_>, Failure>>()?;
        left = left.saturating_sub(batch.len());
        for (second, block) in batch {
            // Uses the same memory for all blocks, with no pending loads, so that only the decoder can distinguish the classes.
            input.copy_from_slice(&block);
            fence(Ordering::SeqCst);
            let start = Instant::now();
            (subject.run)(black_box(&input));
            let time = start.elapsed();
            comparison.add(second.into(), u32::try_from(time.as_nanos()).unwrap_or(u32::MAX));
        }
    }
    Ok(())
}
