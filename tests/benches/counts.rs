//! Counts the TPM commands of each step on the bus.

use std::time::Instant;

use tests::raw::Tpm as _;
use tests::{Openssl, Order, Proxy, Shell, Swtpm, Tool};

use crate::contender::{Algorithm, Contender};

const SIGN: u32 = 0x15D;

pub(crate) fn print() {
    println!("TPM commands (without those with which a process cleans up when it ends)");
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let shell = Shell::new("bench");
    let primary = tpm.create_primary();
    // Not at 0x81000001, where it would be the storage key of the owner hierarchy.
    tpm.persist(primary, 0x8100_0002);
    tpm.flush(primary);
    let tool = Tool::new(&shell, &tpm.tcti());
    tool.ok("create --ecc P-256 permanent.tpm");
    tool.ok("create --key-size 2048 rsa.tpm");
    tool.ok("create --ecc P-256 --parent-handle 81000002 persistent.tpm");
    let openssl = Openssl::in_shell(shell, &proxy.swtpm_tcti(), Order::DefaultFirst);
    openssl.write("file", "a file");
    openssl.ok("req -x509 -key permanent.tpm -subj /CN=x -out crt");
    let matcher =
        format!("{} match permanent.tpm crt", std::env::current_exe().expect("this program").display());
    for (step, line) in [
        ("load a key file, export its public key", "openssl pkey -in permanent.tpm -pubout"),
        ("load a key file, match it to a certificate", &matcher),
        (
            "first signature, key under a persistent parent",
            "openssl dgst -sha256 -sign persistent.tpm -out sig file",
        ),
        ("first signature, key under a hierarchy", "openssl dgst -sha256 -sign permanent.tpm -out sig file"),
    ] {
        count(&proxy, &openssl, step, line);
    }
    tool.ok("srk");
    count(
        &proxy,
        &openssl,
        "first signature, with the storage key",
        "openssl dgst -sha256 -sign permanent.tpm -out sig file",
    );
    tool.ok("create --ecc P-256 -k secret locked.tpm");
    opening(&proxy, &openssl, "open");
    opening(&proxy, &openssl, "use");
    later(&proxy, &openssl, "each later signature", Algorithm::EcdsaP256, "permanent.tpm");
    later(&proxy, &openssl, "each later RSA decryption", Algorithm::Rsaes2048, "rsa.tpm");
    later(&proxy, &openssl, "each later derivation", Algorithm::EcdhP256, "permanent.tpm");
}

/// Counts the commands of a process up to its signature.
fn count(proxy: &Proxy, openssl: &Openssl, step: &str, line: &str) {
    proxy.log().clear();
    openssl.shell().ok(line);
    println!("  {step:<48} {:>5}", until_signed(&proxy.log().codes()));
}

/// Counts everything that a process sends to open a key with a password.
fn opening(proxy: &Proxy, openssl: &Openssl, when: &str) {
    let openssl = openssl.clone().set("prove-password", when);
    let mut times: Vec<_> = (0..15)
        .map(|_| {
            proxy.log().clear();
            let start = Instant::now();
            openssl.ok("pkey -in locked.tpm -passin pass:secret -noout");
            start.elapsed()
        })
        .collect();
    times.sort();
    let step = format!("open a key with a password, prove-password = {when}");
    println!("  {step:<48} {:>5}   a process of {:.1} ms", proxy.log().len(), times[7].as_secs_f64() * 1e3);
}

/// Counts the commands that a worker's batch adds, for a loaded key.
fn later(proxy: &Proxy, openssl: &Openssl, step: &str, algorithm: Algorithm, key: &str) {
    let mut contender = Contender::with(openssl, algorithm, key);
    proxy.log().clear();
    contender.batch(100, 1).expect("a hundred operations");
    let each = f64::from(u32::try_from(proxy.log().len()).expect("a short log")) / 100.0;
    println!("  {step:<48} {each:>5}");
}

/// Returns the number of commands up to the signature; 0 if there was no signature. Later commands only clean up.
fn until_signed(codes: &[u32]) -> usize {
    codes.iter().rposition(|code| *code == SIGN).map_or(codes.len(), |last| last + 1)
}
