//! Counts the commands of each step that the chip executes: sent directly, and through a resource manager with the kernel's rules.

use std::time::Instant;

use tests::log::Log;
use tests::raw::{self, Tpm as _};
use tests::{Openssl, Options, Order, Proxy, ResourceManager, Shell, Swtpm, Tool};

use crate::contender::{Algorithm, Contender};

pub(crate) fn print() {
    println!("TPM commands at the chip (without those with which a process cleans up when it ends)");
    println!("  {:<48} {:>8} {:>8}", "step", "direct", "managed");
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let direct = steps(&tpm, &proxy.swtpm_tcti(), proxy.log(), false);
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let managed = steps(&tpm, &manager.tcti(), manager.chip(), true);
    for (direct, managed) in direct.into_iter().zip(managed) {
        let Row { step, commands, process } = direct;
        let process = process.map_or(String::new(), |millis| format!("   a process of {millis:.1} ms"));
        println!("  {step:<48} {commands:>8} {:>8}{process}", managed.commands);
    }
}

/// One step.
struct Row {
    step: String,
    commands: f64,
    /// The time of the whole process in ms, if it is shown.
    process: Option<f64>,
}

/// Runs all steps at a TPM that `tcti` reaches, and counts what its log receives.
fn steps(tpm: &Swtpm, tcti: &str, log: &Log, managed: bool) -> Vec<Row> {
    let shell = Shell::new("bench");
    let primary = tpm.create_primary();
    // Not at 0x81000001, where it would be the storage key of the owner hierarchy.
    tpm.persist(primary, 0x8100_0002);
    tpm.flush(primary);
    let tool = Tool::new(&shell, &tpm.tcti());
    tool.ok("create --ecc P-256 permanent.tpm");
    tool.ok("create --key-size 2048 rsa.tpm");
    tool.ok("create --ecc P-256 --parent-handle 81000002 persistent.tpm");
    let openssl = Openssl::in_shell(shell, tcti, Order::DefaultFirst);
    let openssl = if managed { openssl.set("resource-manager", "kernel") } else { openssl };
    openssl.write("file", "a file");
    openssl.ok("req -x509 -key permanent.tpm -subj /CN=x -out crt");
    let matcher =
        format!("{} match permanent.tpm crt", std::env::current_exe().expect("this program").display());
    let count = |step: &str, line: &str| Row {
        step: step.to_owned(),
        commands: number(until_signed(&run(log, &openssl, line))),
        process: None,
    };
    let mut rows = vec![
        count("load a key file, export its public key", "openssl pkey -in permanent.tpm -pubout"),
        count("load a key file, match it to a certificate", &matcher),
        count(
            "first signature, key under a persistent parent",
            "openssl dgst -sha256 -sign persistent.tpm -out sig file",
        ),
        count(
            "first signature, key under a hierarchy",
            "openssl dgst -sha256 -sign permanent.tpm -out sig file",
        ),
    ];
    tool.ok("srk");
    rows.push(count(
        "first signature, with the storage key",
        "openssl dgst -sha256 -sign permanent.tpm -out sig file",
    ));
    tool.ok("create --ecc P-256 -k secret locked.tpm");
    rows.extend([
        opening(log, &openssl, "open"),
        opening(log, &openssl, "use"),
        later(log, &openssl, "each later signature", Algorithm::EcdsaP256, "permanent.tpm"),
        later(log, &openssl, "each later RSA decryption", Algorithm::Rsaes2048, "rsa.tpm"),
        later(log, &openssl, "each later derivation", Algorithm::EcdhP256, "permanent.tpm"),
    ]);
    rows
}

/// Returns the commands of a process.
fn run(log: &Log, openssl: &Openssl, line: &str) -> Vec<u32> {
    log.clear();
    openssl.shell().ok(line);
    log.codes()
}

/// Counts everything that a process sends to open a key with a password.
fn opening(log: &Log, openssl: &Openssl, when: &str) -> Row {
    let openssl = openssl.clone().set("prove-password", when);
    let mut times: Vec<_> = (0..15)
        .map(|_| {
            log.clear();
            let start = Instant::now();
            openssl.ok("pkey -in locked.tpm -passin pass:secret -noout");
            start.elapsed()
        })
        .collect();
    times.sort();
    Row {
        step: format!("open a key with a password, prove-password = {when}"),
        commands: number(log.len()),
        process: Some(times[7].as_secs_f64() * 1e3),
    }
}

/// Counts the commands that a worker's batch adds, for a loaded key.
fn later(log: &Log, openssl: &Openssl, step: &str, algorithm: Algorithm, key: &str) -> Row {
    let mut contender = Contender::with(openssl, algorithm, key);
    // The second operation puts away what only the first one needed.
    contender.batch(1, 1).expect("an operation");
    log.clear();
    contender.batch(100, 1).expect("a hundred operations");
    Row { step: step.to_owned(), commands: number(log.len()) / 100.0, process: None }
}

/// Returns the number of commands up to the signature, and after it what the resource manager saves and flushes; all commands if there was no
/// signature. Later commands only clean up.
fn until_signed(codes: &[u32]) -> usize {
    let Some(last) = codes.iter().rposition(|code| *code == raw::SIGN) else { return codes.len() };
    let after = codes[last + 1..].chunks(2);
    let saved = after.take_while(|pair| *pair == [raw::CONTEXT_SAVE, raw::FLUSH_CONTEXT]);
    last + 1 + 2 * saved.count()
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("a short log"))
}
