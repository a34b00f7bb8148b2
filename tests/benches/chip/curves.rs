//! `make bench-chip OPTIONS=--curves`: how many connections a second nginx accepts, against the time of a signature, as a picture for
//! docs/performance.md.

use std::path::Path;

use tests::{Pace, c_program, module};

use crate::chip::{Chip, Way};
use crate::contender::{Contender, KeyType, Setup};
use crate::curve::Curve;
use crate::picture::{Line, Picture};
use crate::postgresql::Cluster;
use crate::steps;

/// The times of a P-256 signature in ms.
const TIMES: [u64; 5] = [10, 20, 50, 100, 200];

/// The time of an RSA-2048 signature: as many times that of a P-256 signature as on the chip of the other tables.
fn pace(time: u64) -> Pace {
    Pace { ec: time, rsa: time * Pace::CHIP.rsa / Pace::CHIP.ec, ..Pace::CHIP }
}

/// Measures all curves and writes the picture.
pub(crate) fn write(cluster: &Cluster) {
    let lines = Curve::ALL.map(|curve| {
        let points = measured(curve, cluster);
        println!("{curve:<36} {points:.1?}");
        Line { name: curve.to_string(), points }
    });
    let picture = Picture {
        title: "TLS connections a second of nginx with one worker, through a resource manager",
        below: "milliseconds of a P-256 signature (an RSA-2048 signature takes 3.75 times as long)",
        across: &TIMES,
        up: &[1, 2, 5, 10, 20, 50, 100, 200],
        lines: &lines,
    };
    let path = module::workspace().join("docs/handshakes.svg");
    std::fs::write(&path, picture.to_string()).expect("the picture");
    println!("wrote {}", path.display());
}

/// Returns the milliseconds of a P-256 signature, and the connections a second.
fn measured(curve: Curve, cluster: &Cluster) -> Vec<(f64, f64)> {
    let (contender, key, connections, each) = match curve {
        Curve::Resumed => (Contender::OursPersistent, KeyType::P256, 40, 10),
        Curve::EcPersistent => (Contender::OursPersistent, KeyType::P256, 20, 1),
        Curve::EcFile => (Contender::Ours, KeyType::P256, 20, 1),
        Curve::RsaPersistent => (Contender::OursPersistent, KeyType::Rsa2048, 8, 1),
        Curve::RsaFile => (Contender::Ours, KeyType::Rsa2048, 8, 1),
    };
    let chip = Chip::start(Way::Managed);
    let setup = Setup::new(&chip, contender, key, cluster);
    let (port, server) = steps::nginx(&setup).expect("a key in a file");
    let client =
        c_program::build(&setup.shell, &Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/client.c"));
    let connect = |count: u32, each: u32| {
        let line = format!("{client} {port} {count} {each} 1");
        let output = setup.shell.ok(&line).out();
        let (seconds, resumed) = output.trim().split_once(' ').expect("two numbers");
        assert_eq!(resumed, (count - count / each).to_string(), "{curve}: {output}");
        f64::from(count) / seconds.parse::<f64>().expect("a number")
    };
    let points = TIMES.map(|time| {
        chip.slow_down(pace(time));
        // The worker has loaded its key, and put away what only the first signature needed.
        connect(2, 1);
        (f64::from(u32::try_from(time).expect("a short time")), connect(connections, each))
    });
    drop(server);
    points.to_vec()
}
