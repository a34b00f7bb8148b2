//! The slowest of many signatures: eight threads sign, first alone, then while another thread creates RSA keys in the TPM, which meanwhile
//! does nothing else.

use std::path::Path;

use tests::{Openssl, Order, Shell, Swtpm, Tool, c_program};

pub(crate) fn print() {
    let tpm = Swtpm::start();
    let shell = Shell::new("bench");
    Tool::new(&shell, &tpm.tcti()).ok("create --ecc P-256 key.tpm");
    let openssl = Openssl::in_shell(shell, &tpm.tcti(), Order::DefaultFirst);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/tail.c");
    let program = c_program::build(openssl.shell(), &source);
    println!("\n8 threads sign with an ECDSA-P256 key for 10 seconds, in ms");
    println!(
        "{:<36} {:>8} {:>8} {:>8} {:>8} {:>6} {:>12}",
        "meanwhile", "median", "p99", "slowest", "number", "keys", "each key took"
    );
    for (beside, bits) in [("nothing else", 0), ("one thread creates RSA-2048 keys", 2048)] {
        let output = openssl.shell().ok(&format!("{program} key.tpm 10 {bits}")).out();
        let figures: Vec<f64> =
            output.split_whitespace().map(|word| word.parse().expect("a number")).collect();
        let [median, p99, slowest, number, keys, each] = figures[..] else { panic!("six numbers: {output}") };
        let [median, p99, slowest] = [median, p99, slowest].map(|micros| micros / 1e3);
        println!(
            "{beside:<36} {median:>8.1} {p99:>8.1} {slowest:>8.1} {number:>8.0} {keys:>6.0} {each:>12.0}"
        );
    }
}
