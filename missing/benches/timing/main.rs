//! Whether the decoders take the same time for good and bad paddings: `cargo bench -p missing [-- SAMPLES]`.
//!
//! The method is that of Reparaz, Balasch and Verbauwhede, "Dude, is my code constant time?" (DATE 2017): measure two
//! classes of input in random order and ask by Welch's t-test whether their times differ. |t| above 5 says that they
//! do. The last line is a decoder that stops at the first fault, to show that the benchmark would see one.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod random;
mod subjects;
mod welch;

use std::{
    env,
    hint::black_box,
    sync::atomic::{Ordering, fence},
    time::Instant,
};

use missing::error::Failure;

use random::Random;
use subjects::Subject;
use welch::Comparison;

/// As many as |t| is to stay small for.
const SAMPLES: usize = 1_000_000;
/// Blocks that are made before the clock runs.
const BATCH: usize = 1000;

fn main() -> Result<(), Failure> {
    // `cargo test --all-targets` starts benchmarks too, without this word.
    if !env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let samples = env::args().find_map(|argument| argument.parse().ok()).unwrap_or(SAMPLES);
    println!("{samples} samples, RSA-2048, nanoseconds; |t| below 5: no difference seen\n");
    println!("{:<44} {:>9} {:>9} {:>7}", "decoder: first class / second class", "median", "median", "|t|");
    for subject in subjects::all() {
        let comparison = measure(&subject, samples)?;
        let [first, second] = comparison.medians();
        println!("{:<44} {first:>9} {second:>9} {:>7.2}", subject.name, comparison.t());
    }
    Ok(())
}

/// Times the subject on blocks of either class, in random order, each block once.
fn measure(subject: &Subject, samples: usize) -> Result<Comparison, Failure> {
    let mut random = Random::new();
    let mut comparison = Comparison::default();
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
    Ok(comparison)
}
