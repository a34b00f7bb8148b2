//! The PKCS#11 module against tpm2-pkcs11: time, TPM commands and memory of the same calls with the same keys, in one table.
//!
//! Each contender has a TPM of its own behind a resource manager with the kernel's rules, and keys that its module has created. They take
//! turns, and each turn is a process of its own. A row's ratio is the median of the ratios of all turns.

mod contender;
mod row;

use contender::{Contender, Keys, Kind};
use row::Row;

const TURNS: usize = 9;

/// Prints the rows whose keys are named `name`: `EC-1`; all if it is empty.
pub(crate) fn print(name: &str) {
    println!(
        "\nPKCS#11 modules (medians of {TURNS} turns; ratio: median of each turn's ratio to tpm2-pkcs11); commands at the chip through a \
         resource manager; time on a slow chip; memory of the process"
    );
    println!(
        "{:<8} {:<34} {:<18} {:>10} {:>7} {:>9} {:>9} {:>8} {:>8}",
        "keys", "calls", "contender", "wall µs", "ratio", "commands", "chip ms", "RSS KiB", "objects"
    );
    for keys in Keys::ALL.into_iter().filter(|keys| name.is_empty() || keys.to_string() == name) {
        let contenders = Kind::ALL.map(|kind| Contender::new(kind, keys));
        for row in Row::ALL.into_iter().filter(|row| row.suits(keys)) {
            print_row(row, keys, &contenders);
        }
    }
}

fn print_row(row: Row, keys: Keys, contenders: &[Contender]) {
    let turns: Vec<Vec<_>> = (0..TURNS)
        .map(|_| contenders.iter().map(|contender| contender.run(row, row.count())).collect())
        .collect();
    for (at, contender) in contenders.iter().enumerate() {
        let of = |figure: fn(&contender::Figures) -> f64| median(turns.iter().map(|turn| figure(&turn[at])));
        let ratio = median(turns.iter().map(|turn| turn[at].micros / turn[0].micros));
        println!(
            "{:<8} {:<34} {:<18} {:>10.1} {ratio:>7.3} {:>9.1} {:>9.1} {:>8.0} {:>8.0}",
            keys.to_string(),
            row.to_string(),
            contender.kind.to_string(),
            of(|figures| figures.micros),
            contender.commands(row),
            contender.chip_millis(row),
            of(|figures| figures.resident),
            of(|figures| figures.objects),
        );
    }
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
