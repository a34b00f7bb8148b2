//! The slowest of many signatures: eight threads sign, first alone, then while another thread creates RSA keys in the TPM, which meanwhile
//! does nothing else.

use std::path::Path;

use tests::log::Log;
use tests::{Openssl, Options, Order, Proxy, ResourceManager, Shell, Swtpm, Tool, c_program};

pub(crate) fn print() {
    println!(
        "\n8 threads sign with an ECDSA-P256 key for 10 seconds, in ms; commands at the chip for each signature or key"
    );
    println!(
        "{:<36} {:>8} {:>8} {:>8} {:>8} {:>6} {:>12} {:>8} {:>8}",
        "meanwhile", "median", "p99", "slowest", "number", "keys", "each key took", "commands", "managed"
    );
    for (beside, bits) in [("nothing else", 0), ("one thread creates RSA-2048 keys", 2048)] {
        let tpm = Swtpm::start();
        let [median, p99, slowest, number, keys, each] = Signers::new(&tpm, &tpm.tcti()).sign(10, bits);
        let [median, p99, slowest] = [median, p99, slowest].map(|micros| micros / 1e3);
        // Not in the timed run, because a proxy takes time, too.
        let proxy = Proxy::start(&tpm);
        let direct = Signers::new(&tpm, &proxy.swtpm_tcti()).commands(bits, proxy.log());
        let manager = ResourceManager::start(&tpm, Options::default());
        let mut signers = Signers::new(&tpm, &manager.tcti());
        signers.openssl = signers.openssl.set("resource-manager", "kernel");
        let managed = signers.commands(bits, manager.chip());
        println!(
            "{beside:<36} {median:>8.1} {p99:>8.1} {slowest:>8.1} {number:>8.0} {keys:>6.0} {each:>12.0} {direct:>8.1} {managed:>8.1}"
        );
    }
}

/// The program of tail.c, its key, and its way to the TPM.
struct Signers {
    openssl: Openssl,
    program: String,
}

impl Signers {
    fn new(tpm: &Swtpm, tcti: &str) -> Self {
        let shell = Shell::new("bench");
        Tool::new(&shell, &tpm.tcti()).ok("create --ecc P-256 key.tpm");
        let openssl = Openssl::in_shell(shell, tcti, Order::DefaultFirst);
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/tail.c");
        let program = c_program::build(openssl.shell(), &source);
        Self { openssl, program }
    }

    /// Signs for some seconds. Returns the figures of the program.
    fn sign(&self, seconds: u32, bits: u32) -> [f64; 6] {
        let output = self.openssl.shell().ok(&format!("{} key.tpm {seconds} {bits}", self.program)).out();
        let figures: Vec<f64> =
            output.split_whitespace().map(|word| word.parse().expect("a number")).collect();
        figures.try_into().unwrap_or_else(|_| panic!("six numbers: {output}"))
    }

    /// Returns the number of commands for each signature or key.
    fn commands(&self, bits: u32, log: &Log) -> f64 {
        log.clear();
        let [_, _, _, number, keys, _] = self.sign(3, bits);
        f64::from(u32::try_from(log.len()).expect("a log")) / (number + keys)
    }
}
