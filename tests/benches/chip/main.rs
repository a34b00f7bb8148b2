//! `make bench-chip`: what servers cost on a slow chip, in one table: TPM commands that the chip executes, and time.
//!
//! A proxy in front of swtpm adds the times of a chip ([`tests::Pace`]) and counts the commands. The servers connect to it directly, and
//! through a resource manager with the kernel's rules, whose own commands count, too. With `--curves` it draws docs/handshakes.svg instead.

// A benchmark runs in its developer's terminal: it prints, and a panic reports a failure.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod chip;
mod contender;
mod curve;
mod curves;
mod handshake;
mod picture;
mod postgresql;
mod steps;
mod table;

use chip::{Chip, Way};
use contender::{Contender, KeyType, Setup};
use postgresql::Cluster;
use steps::Step;
use table::Table;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |option: &str| arguments.iter().any(|argument| argument == option);
    // cargo bench adds --bench. cargo test --benches runs nothing here, since measurements are not tests.
    if !given("--bench") {
        return println!("benchmarks run with: make bench-chip");
    }
    let cluster = Cluster::new();
    if given("--curves") {
        return curves::write(&cluster);
    }
    let mut tables = Vec::new();
    for way in Way::ALL {
        for key in KeyType::ALL {
            let table = measured(way, key, &cluster);
            if !given("--json") {
                println!("{table}");
            }
            tables.push(table);
        }
    }
    if given("--json") {
        println!("{}", table::document(&tables));
    }
}

fn measured(way: Way, key: KeyType, cluster: &Cluster) -> Table {
    let mut table = Table::new(way, key);
    for contender in Contender::ALL {
        let chip = Chip::start(way);
        let setup = Setup::new(&chip, contender, key, cluster);
        for step in Step::ALL {
            chip.reset();
            let cost = step.measure(&chip, &setup);
            if cost.is_none() && setup.can(step) {
                eprintln!("{way}, {key}, {contender}, {step}: failed\n{}", setup.last_words(step));
            }
            assert!(cost.is_some() || !setup.is_ours, "this provider failed, which can do every step");
            table.add(contender, step, cost);
        }
    }
    table
}
