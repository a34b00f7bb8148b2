//! The time of one operation: all contenders take turns, many times; the table shows medians, and the commands of one operation.

use crate::contender::{Algorithm, Contender, Kind, Way};
use crate::traffic::Traffic;

const TURNS: usize = 15;

/// Prints the rows of the algorithms whose names contain `name`.
pub(crate) fn print(name: &str) {
    println!(
        "\ntime of one operation on a loaded key (medians of {TURNS} turns; ratio: median of each turn's ratio to the bare command); its commands \
         at the chip, and the same through a resource manager"
    );
    println!(
        "{:<12} {:>7}  {:<24} {:>10} {:>10} {:>8} {:>7} {:>8} {:>8}",
        "algorithm", "threads", "contender", "wall µs", "CPU µs", "per s", "ratio", "commands", "managed"
    );
    let chosen = || Algorithm::ALL.into_iter().filter(|algorithm| algorithm.to_string().contains(name));
    for algorithm in chosen() {
        for threads in [1, 4] {
            let kinds = Kind::ALL.into_iter().filter(|kind| takes_part(*kind, algorithm, threads));
            rows(algorithm, threads, Way::Direct, kinds);
        }
    }
    // tcti-swtpm makes a new connection for each command, which may cost the client more than everything else.
    println!("the same through pipes, which cost the client about as much as a device");
    for algorithm in chosen() {
        rows(algorithm, 1, Way::Pipes, [Kind::Floor, Kind::Ours].into_iter());
    }
}

fn takes_part(kind: Kind, algorithm: Algorithm, threads: u32) -> bool {
    // A Context of tss-esapi belongs to one thread. Its cost per command is shown by the signatures.
    let signs = matches!(algorithm, Algorithm::EcdsaP256 | Algorithm::Rsa2048);
    (threads == 1 && signs) || !matches!(kind, Kind::Esapi(_))
}

fn rows(algorithm: Algorithm, threads: u32, way: Way, kinds: impl Iterator<Item = Kind>) {
    let operations = match algorithm {
        Algorithm::EcdsaP256 | Algorithm::EcdhP256 | Algorithm::EcdhUnchecked => 400,
        Algorithm::Rsa2048 | Algorithm::Rsaes2048 | Algorithm::Oaep2048 => 100,
    };
    let mut contenders: Vec<_> =
        kinds.map(|kind| (kind, Contender::start(kind, algorithm, way), Vec::new())).collect();
    for _ in 0..TURNS {
        for (_, contender, turns) in &mut contenders {
            turns.push(contender.batch(operations, threads));
        }
    }
    let floor = contenders[0].2.clone();
    for (kind, _, turns) in &contenders {
        print!("{algorithm:<12} {threads:>7}  {kind:<24} ");
        let traffic = Traffic::of(*kind, algorithm, threads);
        if turns.contains(&None) {
            println!("{:>10}", "fails");
            continue;
        }
        let wall = median(turns.iter().flatten().map(|(wall, _)| *wall));
        let cpu = median(turns.iter().flatten().map(|(_, cpu)| *cpu));
        let ratios =
            turns.iter().flatten().zip(floor.iter().flatten()).map(|((wall, _), (floor, _))| wall / floor);
        let ratio = median(ratios);
        println!("{:>10.1} {:>10.1} {:>8.0} {ratio:>7.3} {traffic}", wall / 1e3, cpu / 1e3, 1e9 / wall);
    }
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
