//! Whether the decoders take the same time for good and bad paddings: `cargo bench -p missing [-- SAMPLES]`.
//!
//! The method is that of Reparaz, Balasch and Verbauwhede, "Dude, is my code constant time?" (DATE 2017): measure two
//! classes of input in random order and ask by Welch's t-test whether their times differ. |t| above 5 says that they do.
//! The program fails when a decoder of this crate stays above it, and when a planted leak is not found.
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

/// As many as |t| is to stay small for.
const SAMPLES: usize = 1_000_000;
/// After how many more the planted leaks are looked for.
const FEW: usize = 20_000;
/// Blocks that are made before the clock runs.
const BATCH: usize = 1000;
/// |t| of a difference.
const LIMIT: f64 = 5.0;
/// What is there shows each time; a machine that was busy in one class by chance is not so three times.
const TRIES: usize = 3;

fn main() -> Result<ExitCode, Failure> {
    // `cargo test --all-targets` starts benchmarks too, without this word.
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

/// Whether no difference is seen, in one of several tries.
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

/// Whether a leak is found: with few samples on an idle machine, with more of them on a busy one.
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

/// Times the subject on blocks of either class, in random order, each block once.
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
            // Always the same memory, and nothing under way, so that only the decoder can tell the classes apart.
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
